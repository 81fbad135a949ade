// docs/recipes.md has the fields, defaults and metrics of the code, all of them and none besides; its submissions are accepted.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { taskMetrics } from '../../src/experiment/metric-names.ts';
import { resolveSubmission } from '../../src/experiment/resolve-submission.ts';
import { trainingDefaults } from '../../src/experiment/spec.ts';
import { submissionSchema, type Submission } from '../../src/experiment/submission.ts';
import { trainingSchema } from '../../src/experiment/training-schema.ts';
import { estimateSchema } from '../../src/http/schemas/estimate.ts';
import { call, startService, type Service } from './fixture.ts';

async function sectionOf(heading: string): Promise<string> {
  const text = await readFile('docs/recipes.md', 'utf8');
  return text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
}

/** The rows of the first table under a heading: their cells, without the head. */
async function tableOf(heading: string): Promise<string[][]> {
  const rows = (await sectionOf(heading)).split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const named = (cell = ''): string[] => [...cell.matchAll(/`(\w+)`/gu)].map(([, name]) => name ?? '');

it('the defaults of training are those that the code fills in', async () => {
  const rows = await tableOf('Training');
  const documented = rows.map(([field = '', value = '']) => [
    named(field)[0],
    JSON.parse(value.replaceAll('`', '')) as unknown,
  ]);
  expect(Object.fromEntries(documented)).toEqual(trainingDefaults);
  expect(Object.keys(trainingSchema.properties).sort()).toEqual(Object.keys(trainingDefaults).sort());
});

it('the fields of a dataset are those of the code, with the defaults that it fills in', async () => {
  const rows = await tableOf('Dataset');
  const fields = rows.map(([field]) => named(field)[0]);
  expect(fields.sort()).toEqual(Object.keys(submissionSchema.properties.dataset.properties).sort());
  const documented = rows.flatMap(([field = '', value = '']) =>
    value === '' ? [] : [[named(field)[0], JSON.parse(value.replaceAll('`', '')) as unknown]],
  );
  const columns = { textField: 'text', labelField: 'label' };
  const { source, spec } = resolveSubmission({
    name: 'defaults',
    model: { id: 'mdl_1' },
    dataset: { hub: 'org/name', ...columns },
  });
  const filledIn = { ...source, ...spec.dataset };
  expect({ hub: 'org/name', ...columns, ...Object.fromEntries(documented) }).toEqual(filledIn);
});

it('the answer of an estimate has the fields of the code', async () => {
  const rows = await tableOf('Estimate');
  expect(rows.flatMap(([fields]) => named(fields)).sort()).toEqual(
    Object.keys(estimateSchema.properties).sort(),
  );
});

it('the metrics of each task are those that the code knows, with their direction', async () => {
  const rows = await tableOf('Metrics');
  const documented = rows.map(([task, lower, higher]) => {
    const directions = [
      ...named(lower).map((name) => [name, 'lower']),
      ...named(higher).map((name) => [name, 'higher']),
    ];
    return [named(task)[0], Object.fromEntries(directions) as unknown];
  });
  expect(Object.fromEntries(documented)).toEqual(taskMetrics);
});

describe('the complete submissions', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service.stop());

  it('are estimated and accepted as they stand, one of each kind', async () => {
    const blocks = [...(await sectionOf('Complete submissions')).matchAll(/```json\n(.*?)```/gsu)];
    const submissions = blocks.map(([, json = '']) => JSON.parse(json) as Submission);
    expect(submissions.map(({ dataset }) => dataset.task ?? 'auto')).toEqual([
      'auto',
      'regression',
      'multiLabel',
      'tokenClassification',
    ]);
    for (const payload of submissions) {
      const estimate = await call(service, 'POST', '/experiments/estimate', { payload });
      expect([estimate.statusCode, estimate.body]).toEqual([200, expect.any(String)]);
      const submitted = await call(service, 'POST', '/experiments', { payload });
      expect([submitted.statusCode, submitted.body]).toEqual([201, expect.any(String)]);
    }
  });
});
