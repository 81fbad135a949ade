// The document and the types are those of the code, and the document is valid OpenAPI 3.1.
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { generateFiles } from '../../openapi/document.ts';
import { splitFormats } from '../../src/dataset/rows.ts';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly responses: Readonly<
    Record<string, { readonly content?: object; readonly headers?: object } | undefined>
  >;
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

it('tells of every header that handlers set, but for those that HTTP has for all answers', async () => {
  const text = await readFile('openapi/openapi.json', 'utf8');
  const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, Operation>> };
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  const declared = operations.flatMap(({ responses }) =>
    Object.values(responses).flatMap((response) => Object.keys(response?.headers ?? {})),
  );
  const general = [
    'cache-control',
    'content-length',
    'x-request-id',
    'x-content-type-options',
    'x-accel-buffering',
  ];
  const files = readdirSync('src/http', { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const set = files.flatMap((name) =>
    [...readFileSync(join('src/http', name), 'utf8').matchAll(/\.header\(\s*'([^']+)'/gu)].map(
      ([, header]) => header,
    ),
  );
  expect(set).toContain('etag');
  expect([...new Set(set)].filter((header) => !general.includes(header ?? '')).sort()).toEqual(
    [...new Set(declared)].sort(),
  );
  const created = paths['/experiments']?.['post']?.responses['201']?.headers;
  expect(Object.keys(created ?? {})).toEqual(['location', 'etag', 'idempotency-replayed']);
});
