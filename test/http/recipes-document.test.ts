// docs/recipes.md has the defaults and the metrics of the code, all of them and none besides.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { taskMetrics } from '../../src/experiment/metric-names.ts';
import { trainingDefaults } from '../../src/experiment/spec.ts';
import { trainingSchema } from '../../src/experiment/training-schema.ts';

/** The rows of the first table under a heading: their cells, without the head. */
async function tableOf(heading: string): Promise<string[][]> {
  const text = await readFile('docs/recipes.md', 'utf8');
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
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
