// The document and the types are those of the code, and the document is valid OpenAPI 3.1.
import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { generateFiles } from '../../openapi/document.ts';
import { splitFormats } from '../../src/dataset/rows.ts';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly responses: Readonly<Record<string, { readonly content?: object } | undefined>>;
}

it('openapi.json and schema.ts are up to date (npm run openapi writes them)', async () => {
  const { document, types } = await generateFiles();
  expect(await readFile('openapi/openapi.json', 'utf8')).toBe(document);
  expect(await readFile('openapi/schema.ts', 'utf8')).toBe(types);
});

it('openapi.json is valid OpenAPI 3.1', async () => {
  const document = JSON.parse(await readFile('openapi/openapi.json', 'utf8')) as Record<string, unknown>;
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document);
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(validator.version).toBe('3.1');
});

it('the upload of a dataset names every format that is read, in its summary and beside its form', async () => {
  const { paths } = JSON.parse(await readFile('openapi/openapi.json', 'utf8')) as {
    paths: Record<string, { post: { summary: string; requestBody: { description: string } } }>;
  };
  const { summary, requestBody } = paths['/datasets']!.post;
  for (const format of splitFormats)
    for (const text of [summary, requestBody.description]) expect(text).toContain(`.${format}`);
});

it('every operation has an id of its own, a summary, a tag, answers with a body and problems', async () => {
  const { paths } = JSON.parse(await readFile('openapi/openapi.json', 'utf8')) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  for (const { operationId, summary, tags, responses } of operations) {
    expect([operationId, summary, tags]).toEqual([
      expect.any(String),
      expect.any(String),
      [expect.any(String)],
    ]);
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['4XX', '5XX']));
    for (const [status, response] of Object.entries(responses))
      if (!['204', '304'].includes(status)) expect(response?.content).toBeDefined();
  }
});
