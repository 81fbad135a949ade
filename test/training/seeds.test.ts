// The seeds of head, order and dropout: each changes what is its own and nothing else.
import { describe, expect, it } from 'vitest';
import { exampleTableOf } from '../../src/text/example-table.ts';
import { initialParameters } from '../../src/training/initial-parameters.ts';
import type { NamedTensor, Recipe, TrainingJob } from '../../src/training/job.ts';
import { modelLayout } from '../../src/training/model-layout.ts';
import { createKeystream } from '../../src/training/random/keystream.ts';
import { fillDropoutMask } from '../../src/training/random/dropout-mask.ts';
import { StepPlanner, type PreparedRun } from '../../src/training/step-planner.ts';
import { layoutColumn, stepInput } from '../../src/training/step-layout.ts';
import { buildTrainingGraph } from '../../src/training/training-graph.ts';
import { madeUpExamples, tinyConfig, tinyHead, tinyJobOf, tokenExamples } from './tiny-task.ts';

const seeds = { head: 11, order: 11, dropout: 11 };
const table = exampleTableOf(madeUpExamples(61), 'class');

function runOf(job: TrainingJob, steps = 10, examples = table, inParts = false): PreparedRun {
  const { config, head, recipe } = job;
  const layout = modelLayout(config, head, recipe);
  const graph = buildTrainingGraph({ config, head, recipe, inParts }, layout);
  const { groups } = layout;
  const planner = new StepPlanner(job, examples, { ...graph, groups, inParts });
  return planner.prepare(Array.from({ length: steps }, (_, index) => planner.plan(index)));
}

async function inputsOf(changes: Partial<Recipe['seeds']>): Promise<Map<string, string>> {
  const { inputs, steps } = runOf(await tinyJobOf({ seeds: { ...seeds, ...changes } }));
  return new Map([
    ...Object.entries(inputs).map(([name, { data }]) => [name, String(data)] as const),
    ['steps', JSON.stringify(steps)],
  ]);
}

function differing(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): string[] {
  expect([...left.keys()]).toEqual([...right.keys()]);
  return [...left.keys()].filter((name) => left.get(name) !== right.get(name));
}

async function startOf(changes: Partial<Recipe['seeds']>): Promise<NamedTensor[]> {
  const job = await tinyJobOf({
    seeds: { ...seeds, ...changes },
    lora: { rank: 2, alpha: 4, dropout: 0 },
  });
  return [...job.start.parameters, ...job.frozen];
}

describe('the seed', () => {
  it('of the dropout changes the masks alone', async () => {
    expect(differing(await inputsOf({}), await inputsOf({ dropout: 12 }))).toEqual([stepInput.masks]);
    expect(await startOf({ dropout: 12 })).toEqual(await startOf({}));
  });

  it('of the order changes which examples make a step, not what the masks are drawn from', async () => {
    const changed = differing(await inputsOf({}), await inputsOf({ order: 12 }));
    expect(changed).toContain(stepInput.wordIds);
    expect(changed.filter((name) => name.startsWith('factors'))).toEqual([]);
    expect(await startOf({ order: 12 })).toEqual(await startOf({}));
    const { inputs } = runOf(await tinyJobOf({ seeds: { ...seeds, order: 12 } }), 1);
    const expected = new Uint8Array(100);
    fillDropoutMask(createKeystream(seeds.dropout, 'dropout'), 1, 0, 0.1, expected);
    expect(inputs[stepInput.masks]!.data.slice(0, 100)).toEqual(expected);
  });

  it('of the head changes what starts at random, and no input of a step', async () => {
    expect(differing(await inputsOf({}), await inputsOf({ head: 12 }))).toEqual([]);
    const [before, after] = [await startOf({}), await startOf({ head: 12 })];
    const changed = before.filter(({ data }, index) => String(data) !== String(after[index]!.data));
    expect(changed.length).toBe(12);
    expect(changed.every(({ name }) => name.includes('.lora_A.'))).toBe(true);
  });

  it('of the head draws a missing head, and leaves the given encoder', async () => {
    const model = { config: tinyConfig, head: tinyHead };
    const given = (await initialParameters(model, 1, [])).filter(
      ({ name }) => !name.startsWith('classifier'),
    );
    const [before, after] = [
      await initialParameters(model, 11, given),
      await initialParameters(model, 12, given),
    ];
    const changed = before.filter(({ data }, index) => String(data) !== String(after[index]!.data));
    expect(changed.map(({ name }) => name)).toEqual(['classifier.weight']);
  });

  it('of the dropout hides other words in pretraining, and others in each epoch', async () => {
    const masking = { maskId: 1, specialIds: new Set([0, 1, 2, 3]), vocabularySize: 60 };
    const head = { task: 'maskedLanguage', labelCount: 60 } as const;
    const examples = exampleTableOf(tokenExamples(61), 'tokenClasses');
    const targets = async (changes: Partial<Recipe['seeds']>, step: number): Promise<string> => {
      const job = { ...(await tinyJobOf({ seeds: { ...seeds, ...changes }, dropout: 0 })), head, masking };
      const layout = modelLayout(tinyConfig, head, job.recipe);
      const planner = new StepPlanner(job, examples, {
        groups: layout.groups,
        dropoutSites: [],
        inParts: false,
      });
      return String(planner.plan(step).parts[0]!.targets.targets);
    };
    expect(await targets({}, 0)).toBe(await targets({ head: 12 }, 0));
    expect(await targets({}, 0)).not.toBe(await targets({ dropout: 12 }, 0));
    expect(await targets({}, 0)).not.toBe(await targets({}, 8));
  });
});

describe('the masks of a step', () => {
  it('are other ones in each of its parts, and in each step', async () => {
    const many = exampleTableOf(madeUpExamples(900), 'class');
    const { inputs } = runOf(await tinyJobOf({ batchSize: 400 }), 2, many, true);
    expect(inputs[stepInput.partCount]!.data).toEqual(BigInt64Array.of(2n, 2n));
    const { shape, data } = inputs[stepInput.layout]!;
    const masks = Buffer.from(inputs[stepInput.masks]!.data as Uint8Array);
    const beginnings = Array.from({ length: 4 }, (_, part) => {
      const start = Number(data[part * shape[1]! + layoutColumn.masks]);
      return masks.toString('hex', start, start + 200);
    });
    expect(new Set(beginnings).size).toBe(4);
  });
});
