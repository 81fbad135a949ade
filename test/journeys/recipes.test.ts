// Every kind of task and recipe through the whole stack, as a user submits them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type Client, type Submission } from '../../openapi/client.ts';
import { succeeded } from './example-experiment.ts';
import { StackProcess } from './stack-process.ts';

type Cell = string | number | string[];
type Row = Record<string, Cell>;

const colours = ['red', 'blue', 'green', 'black'];
const things = ['car', 'boat', 'house', 'tree', 'ball'];
const places = ['Paris', 'Rome', 'Oslo'];

function pick<T>(list: readonly T[], index: number): T {
  const item = list[index % list.length];
  if (item === undefined) throw new Error('the list is empty');
  return item;
}

/** Rows made by counting, half of them each for training and evaluation. */
function rows(make: (index: number) => Row): Record<string, Row[]> {
  const all = Array.from({ length: 240 }, (_, index) => make(index));
  return {
    train: all.filter((_, index) => index % 3 > 0),
    validation: all.filter((_, index) => index % 3 === 0),
  };
}

const sentence = (index: number): string =>
  `the ${pick(colours, index)} ${pick(things, Math.floor(index / 4))} is here`;

const scratch = {
  layers: 2,
  hiddenSize: 32,
  heads: 2,
  intermediateSize: 64,
  vocabularySize: 200,
  maxPositions: 24,
};
const base = {
  model: { scratch },
  training: { epochs: 3, batchSize: 16, learningRate: 2e-3, maxSequenceLength: 24 },
};

/** Enough to learn the colours from nothing. */
const learning = { ...base.training, epochs: 10 };

let stack: StackProcess;
let client: Client;
beforeAll(async () => {
  stack = await StackProcess.start();
  client = createClient(stack.url);
}, 120_000);
afterAll(() => stack.stopAndRemove());

async function finish(submission: Submission) {
  const { id } = await client.submit(submission);
  const experiment = await succeeded(client, id);
  const { data } = await client.api.GET('/experiments/{id}/evaluation', { params: { path: { id } } });
  if (data === undefined) throw new Error('there is no evaluation');
  expect(data.inference.float32.largestLogitDifference).toBeLessThan(1e-4);
  return { id, experiment, report: data };
}

const colourRows = rows((index) => ({ text: sentence(index), colour: pick(colours, index) }));
const colourDataset = { rows: colourRows, textField: 'text', labelField: 'colour' };

describe('a classification', () => {
  it('goes on with SGD, a cosine schedule, class weights and smoothing, and answers texts', async () => {
    const first = await finish({ name: 'adamw', ...base, dataset: colourDataset, training: learning });
    const { id, report } = await finish({
      name: 'sgd',
      ...base,
      model: { experiment: first.id },
      dataset: colourDataset,
      training: {
        ...base.training,
        learningRate: 0.01,
        optimizer: { name: 'sgd' },
        schedule: 'cosine',
        warmupSteps: 5,
        classWeights: 'balanced',
        labelSmoothing: 0.1,
        gradientAccumulation: 2,
      },
    });
    if (report.task !== 'classification') throw new Error('it is another task');
    expect(report.accuracy).toBeGreaterThan(0.9);
    const [answer] = await client.predict(id, { texts: ['the green boat is here'] });
    if (answer === undefined || !('label' in answer)) throw new Error('there is no answer');
    expect(answer.label).toBe('green');
    const total = Object.values(answer.probabilities).reduce((sum, probability) => sum + probability, 0);
    expect(total).toBeCloseTo(1, 5);
    const onnx = await new Response(await client.downloadModel(id, { format: 'onnx' })).arrayBuffer();
    expect(onnx.byteLength).toBe(report.inference.float32.model.sizeBytes);
  }, 120_000);

  it('stops early at its best step, which is then its model', async () => {
    const { id, experiment, report } = await finish({
      name: 'early',
      ...base,
      dataset: colourDataset,
      training: {
        ...base.training,
        epochs: 200,
        evaluateEverySteps: 10,
        earlyStopping: { metric: 'accuracy', patience: 3 },
      },
    });
    const { progress } = experiment;
    expect(progress?.step).toBeLessThan(progress?.totalSteps ?? 0);
    expect(report.checkpoint.step).toBe((progress?.step ?? 0) - 30);
    const curve = await client.api.GET('/experiments/{id}/metrics', {
      params: { path: { id }, query: { name: 'evaluation.accuracy' } },
    });
    const points = curve.data?.items[0]?.points ?? [];
    expect(points.map(([step]) => step)).toEqual(points.map((_, index) => 10 * (index + 1)));
    expect(points.at(-4)).toEqual([
      report.checkpoint.step,
      report.task === 'classification' ? report.accuracy : 0,
    ]);
  }, 120_000);

  it('goes on from the weights of another experiment, with frozen layers and a rate for each depth', async () => {
    const first = await finish({ name: 'first', ...base, dataset: colourDataset });
    const { report } = await finish({
      name: 'second',
      ...base,
      model: { experiment: first.id },
      dataset: colourDataset,
      training: {
        ...base.training,
        epochs: 1,
        freeze: { embeddings: true, layers: 1 },
        layerDecay: 0.8,
        learningRate: 1e-4,
      },
    });
    if (report.task !== 'classification' || first.report.task !== 'classification')
      throw new Error('it is another task');
    // What was learned is still there: the head fits the same labels, and was kept.
    expect(report.accuracy).toBeGreaterThanOrEqual(first.report.accuracy - 0.05);
  }, 120_000);

  it('is pretrained on its own texts first, all steps in one ledger, and trained with adapters', async () => {
    const { id, experiment } = await finish({
      name: 'pretrained',
      ...base,
      dataset: colourDataset,
      training: { ...base.training, pretraining: { epochs: 2 }, lora: { rank: 4 } },
    });
    // 160 rows in batches of 16: 10 steps an epoch, 2 + 3 epochs.
    expect(experiment.progress).toMatchObject({ step: 50, totalSteps: 50 });
    const { data } = await client.api.GET('/experiments/{id}/ledger', { params: { path: { id } } });
    expect(data?.items.map(({ step }) => step)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  }, 120_000);
});

it('a regression on pairs of texts correlates with the truth', async () => {
  const { id, report } = await finish({
    name: 'pairs',
    ...base,
    dataset: {
      rows: rows((index) => ({
        first: `a ${pick(colours, index)} ${pick(things, index)}`,
        second: `a ${pick(colours, index + (index % 2))} ${pick(things, index)}`,
        score: index % 2 === 0 ? 1.5 : 0.25,
      })),
      textField: 'first',
      textPairField: 'second',
      labelField: 'score',
    },
    training: { ...base.training, epochs: 10 },
  });
  if (report.task !== 'regression') throw new Error('it is another task');
  expect(report.spearman).toBeGreaterThan(0.5);
  const [answer] = await client.predict(id, { pairs: [['a red car', 'a red car']] });
  expect(answer).toHaveProperty('value');
}, 120_000);

it('several labels a row are told apart', async () => {
  const { report } = await finish({
    name: 'labels',
    ...base,
    dataset: {
      rows: rows((index) => ({
        text: sentence(index),
        tags: [pick(colours, index), ...(index % 5 === 0 ? ['special'] : [])],
      })),
      textField: 'text',
      labelField: 'tags',
      task: 'multiLabel',
    },
    training: { ...base.training, epochs: 40 },
  });
  if (report.task !== 'multiLabel') throw new Error('it is another task');
  expect(report.microF1).toBeGreaterThan(0.7);
}, 120_000);

it('words are labelled one by one, and entities counted whole', async () => {
  const { id, report } = await finish({
    name: 'words',
    ...base,
    dataset: {
      rows: rows((index) => ({
        words: ['we', 'go', 'to', pick(places, index), 'by', pick(things, index)],
        tags: ['O', 'O', 'O', 'B-PLACE', 'O', 'B-THING'],
      })),
      textField: 'words',
      labelField: 'tags',
      task: 'tokenClassification',
    },
    training: { ...base.training, epochs: 6 },
  });
  if (report.task !== 'tokenClassification') throw new Error('it is another task');
  expect(report.entities?.f1).toBeGreaterThan(0.9);
  const [answer] = await client.predict(id, { texts: ['we go to Rome by boat'] });
  if (answer === undefined || !('words' in answer)) throw new Error('there is no answer');
  expect(answer.words.map(({ label }) => label)).toEqual(['O', 'O', 'O', 'B-PLACE', 'O', 'B-THING']);
}, 120_000);
