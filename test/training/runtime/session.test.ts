// Sessions over training graphs: kept graphs give the same bits, and threads change none at these shapes.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleTableOf } from '../../../src/text/example-table.ts';
import type { NumericProfile, SessionPlace, TrainingJob } from '../../../src/training/job.ts';
import { iterationCountInput } from '../../../src/training/graph/onnx-emission.ts';
import { modelLayout } from '../../../src/training/model-layout.ts';
import { GraphCache } from '../../../src/training/runtime/graph-cache.ts';
import { graphSha256, numericProfile } from '../../../src/training/runtime/numeric-profile.ts';
import { openSession } from '../../../src/training/runtime/session.ts';
import { gatherSlot } from '../../../src/training/state-slots.ts';
import type { InputValue } from '../../../src/training/step-inputs.ts';
import { StepPlanner } from '../../../src/training/step-planner.ts';
import { buildTrainingGraph, collected } from '../../../src/training/training-graph.ts';
import { madeUpExamples, tinyJob } from '../tiny-task.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'graphs-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const place = (): SessionPlace => ({ deviceNumber: 0, graphCacheDirectory: directory });

/** The graph of a job with the inputs of its first steps, dropout on. */
function preparedRun(job: TrainingJob, steps: number, inParts: boolean) {
  const { config, head, recipe } = job;
  const layout = modelLayout(config, head, recipe);
  const graph = buildTrainingGraph({ config, head, recipe, inParts }, layout);
  const { dropoutSites } = graph;
  const frame = { groups: layout.groups, dropoutSites, inParts };
  const planner = new StepPlanner(job, exampleTableOf(madeUpExamples(61), 'class'), frame);
  const { inputs } = planner.prepare(Array.from({ length: steps }, (_, index) => planner.plan(index)));
  const { parameters, firstMoments, secondMoments } = job.start;
  const states = [parameters, firstMoments, secondMoments].map(
    (tensors) => new Map(tensors.map((tensor) => [tensor.name, tensor])),
  );
  const state = layout.trained.flatMap((slot, index) =>
    graph.carried[index]!.map(({ input }, part): [string, InputValue] => [
      input,
      { type: 'float32', shape: slot.shape, data: gatherSlot(slot, states[part]!) },
    ]),
  );
  const count: InputValue = { type: 'int64', shape: [], data: BigInt64Array.of(BigInt(steps)) };
  const results = layout.trained.flatMap((slot, index) =>
    graph.carried[index]!.map(({ output }): [string, readonly number[]] => [output, slot.shape]),
  );
  const outputShapes = [
    ...results,
    [collected.loss, [steps]] as const,
    [collected.gradientNorm, [steps]] as const,
  ];
  return {
    graph,
    inputs: { ...inputs, ...Object.fromEntries(state), [iterationCountInput]: count },
    outputShapes,
  };
}

/** The bits of everything that a run over a graph gives, in the order of names. */
async function bitsOf(
  { graph, inputs, outputShapes }: ReturnType<typeof preparedRun>,
  threads: number,
  where?: SessionPlace,
): Promise<string> {
  const session = await openSession(graph.model, 'cpu', threads, where);
  const outputs = outputShapes.map(([name, shape]): [string, InputValue] => {
    const data = new Float32Array(shape.reduce((size, length) => size * length, 1)).fill(NaN);
    return [name, { type: 'float32', shape, data }];
  });
  await session.fill(inputs, Object.fromEntries(outputs));
  await session.close();
  return outputs
    .map(([name, { data }]) => `${name} ${Buffer.from(data.buffer).toString('base64')}`)
    .join('\n');
}

describe('a session', () => {
  it.each([false, true])(
    'over a kept graph gives the bits of one without (in parts: %s)',
    async (inParts) => {
      const run = preparedRun(tinyJob(), 3, inParts);
      const plain = await bitsOf(run, 1);
      expect(await bitsOf(run, 1, place())).toBe(plain);
      const [kept] = readdirSync(directory);
      expect(readdirSync(directory)).toHaveLength(1);
      const before = readFileSync(join(directory, kept!));
      utimesSync(join(directory, kept!), 1, 1);
      expect(await bitsOf(run, 1, place())).toBe(plain);
      // It was opened, and not written anew.
      expect(statSync(join(directory, kept!)).mtimeMs).toBe(1000);
      expect(readFileSync(join(directory, kept!))).toEqual(before);
      // Another run would give other bits.
      expect(await bitsOf(preparedRun(tinyJob(), 2, inParts), 1, place())).not.toBe(plain);
    },
  );

  it.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 100)],
    ['empty', () => Buffer.alloc(0)],
    [
      'changed in one letter of a name, which onnxruntime would not notice',
      (bytes: Buffer) => {
        const place = bytes.indexOf('node_') + 5;
        return Buffer.from(bytes).fill(bytes[place]! ^ 1, place, place + 1);
      },
    ],
    [
      'of another profile',
      (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace('"cpu"', '"gpu"'), 'latin1'),
    ],
  ])('opens and replaces a kept graph that is %s', async (_, damage) => {
    const run = preparedRun(tinyJob(), 1, false);
    const plain = await bitsOf(run, 1, place());
    const file = join(directory, readdirSync(directory)[0]!);
    const whole = readFileSync(file);
    writeFileSync(file, damage(whole));
    expect(await bitsOf(run, 1, place())).toBe(plain);
    expect(readFileSync(file)).toEqual(whole);
  });

  it('keeps a graph for each number of threads', async () => {
    const run = preparedRun(tinyJob(), 1, false);
    await bitsOf(run, 1, place());
    await bitsOf(run, 2, place());
    expect(readdirSync(directory)).toHaveLength(2);
  });

  it('opens where no graph can be kept', async () => {
    const run = preparedRun(tinyJob(), 1, false);
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const where = { deviceNumber: 0, graphCacheDirectory: file };
    expect(await bitsOf(run, 1, where)).toBe(await bitsOf(run, 1));
  });

  it('gives the same bits with 1, 2, 4 and 6 threads at small shapes', async () => {
    const run = preparedRun(tinyJob(), 3, false);
    const one = await bitsOf(run, 1);
    for (const threads of [2, 4, 6]) expect(await bitsOf(run, threads), `${threads} threads`).toBe(one);
  });

  it('names the provider that is missing', async () => {
    const { graph } = preparedRun(tinyJob(), 1, false);
    await expect(
      openSession(graph.model, 'cuda', 1, { deviceNumber: 7, graphCacheDirectory: null }),
    ).rejects.toThrow('No session could be opened on cuda');
  });

  it('falls back to the CPU where the choice is left to it', async () => {
    const { graph } = preparedRun(tinyJob(), 1, false);
    const session = await openSession(graph.model, 'auto', 1);
    expect(session.provider).toBe('cpu');
    await session.close();
  });
});

describe('the graphs kept', () => {
  const profile = (graph: string): NumericProfile =>
    numericProfile({ threads: 1, provider: 'cpu', graphSha256: graphSha256(Buffer.from(graph)) });
  const write = (path: string): Promise<string> => {
    writeFileSync(path, `optimized by ${path}`);
    return Promise.resolve('made');
  };

  it('are at most 32, the newest', async () => {
    const cache = new GraphCache(directory);
    for (let index = 0; index < 34; index++) {
      const before = new Set(readdirSync(directory));
      expect(await cache.fill(profile(`graph ${index}`), write)).toBe('made');
      const added = readdirSync(directory).find((name) => !before.has(name))!;
      utimesSync(join(directory, added), 1000 + index, 1000 + index);
    }
    expect(readdirSync(directory)).toHaveLength(32);
    expect(await cache.read(profile('graph 1'))).toBeUndefined();
    expect(await cache.read(profile('graph 33'))).toBeDefined();
  });

  it('leave nothing behind of one that could not be made', async () => {
    const cache = new GraphCache(directory);
    const failing = (path: string): Promise<string> => {
      writeFileSync(path, 'half of it');
      return Promise.reject(new Error('no'));
    };
    expect(await cache.fill(profile('graph'), failing)).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);
  });
});
