// A dataset and a model of a hub through the whole stack, and the evaluation worker that has answered texts with the result.
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient, type Client } from '../../openapi/client.ts';
import { exampleDataset, type ExampleRow } from '../../src/demo/example-dataset.ts';
import { until } from '../../src/local/until.ts';
import { toHuggingFaceConfig, type ModelConfig } from '../../src/model/model-config.ts';
import { encodeSafetensors } from '../../src/model/safetensors.ts';
import { initialParameters } from '../../src/training/initial-parameters.ts';
import { commit, FakeHub } from '../hub/fake-hub.ts';
import { succeeded } from './example-experiment.ts';
import { StackProcess } from './stack-process.ts';

const { train, validation } = exampleDataset({ rows: 800, seed: 5 });
const graceSeconds = 16;

let hub: FakeHub;
let stack: StackProcess;
let client: Client;
/** The experiment that learned from the hub. */
let experimentId: string;

beforeAll(async () => {
  hub = new FakeHub();
  await hub.start();
  stack = await StackProcess.start(undefined, { HUB_URL: hub.url, HUB_TOKEN: hub.token });
  client = createClient(stack.url);
});
afterAll(async () => {
  await stack.stopAndRemove();
  await hub.stop();
});

async function modelFiles(rows: readonly ExampleRow[]): Promise<Record<string, Buffer>> {
  const words = new Set(rows.flatMap(({ text }) => text.toLowerCase().match(/\w+|[^\w\s]/gu) ?? []));
  const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...[...words].sort()];
  const config: ModelConfig = {
    family: 'bert',
    positionOffset: 0,
    vocabularySize: vocabulary.length,
    hiddenSize: 32,
    layers: 2,
    heads: 2,
    intermediateSize: 64,
    maxPositions: 48,
    typeVocabularySize: 2,
    layerNormEpsilon: 1e-12,
    initializerRange: 0.02,
    paddingId: 0,
  };
  // Its head is for two labels, which the dataset does not have: it is drawn anew.
  const tensors = await initialParameters(
    { config, head: { task: 'classification', labelCount: 2 } },
    7,
    [],
    () => undefined,
  );
  return {
    'config.json': Buffer.from(JSON.stringify(toHuggingFaceConfig(config, ['no', 'yes'], 'classification'))),
    'vocab.txt': Buffer.from(vocabulary.join('\n')),
    'model.safetensors': Buffer.from(encodeSafetensors(tensors)),
  };
}

function parquet(rows: readonly ExampleRow[]): Buffer {
  return Buffer.from(
    parquetWriteBuffer({
      columnData: [
        { name: 'text', data: rows.map(({ text }) => text), type: 'STRING' },
        { name: 'intent', data: rows.map(({ intent }) => intent), type: 'STRING' },
      ],
    }),
  );
}

it('a dataset and a model of a hub are trained on, evaluated and asked, with a hub that is busy and breaks off', async () => {
  hub.repositories.set('model org/tiny', { files: await modelFiles(train), isPrivate: true });
  hub.repositories.set('dataset org/intents', {
    files: {
      'data/train-00000-of-00002.parquet': parquet(train.slice(0, 400)),
      'data/train-00001-of-00002.parquet': parquet(train.slice(400)),
      'data/validation-00000-of-00001.parquet': parquet(validation),
    },
  });
  hub.troubles.push({ path: 'datasets/org/intents/tree', trouble: { status: 503 } });
  hub.troubles.push({ path: 'cut', trouble: { status: 0 } });
  const { id } = await client.submit({
    name: 'from a hub',
    model: { hub: 'org/tiny' },
    dataset: { hub: 'org/intents', revision: 'main', textField: 'text', labelField: 'intent' },
    training: { epochs: 12, learningRate: 2e-3, batchSize: 16, maxSequenceLength: 32 },
  });
  const ended = await succeeded(client, id);
  expect(ended.snapshot?.rows).toEqual({ train: train.length, evaluation: validation.length, leftOut: 0 });
  expect(ended.evaluation?.metrics['accuracy']).toBeGreaterThan(0.7);
  const [example] = train;
  const [answer] = await client.predict(id, { texts: [example?.text ?? ''] });
  expect(answer).toMatchObject({ label: example?.intent });
  const { data: models } = await client.api.GET('/models');
  expect(models?.items.map(({ architecture }) => architecture)).toEqual(['bert']);
  // Of what was read, all is of the commit that the branch stood at.
  const files = hub.requests.flatMap(({ path }) => /\/resolve\/(\w+)\//.exec(path)?.[1] ?? []);
  expect(new Set(files)).toEqual(new Set([commit]));
  expect(hub.troubles).toEqual([]);
  experimentId = id;
}, 60_000);

it('an evaluation worker that keeps a model it has answered with ends with status 0 within its grace time', async () => {
  await client.predict(experimentId, { texts: ['where is my lamp'] });
  const [worker] = stack.processesOf('evaluation-worker');
  const isOther = (): boolean => stack.processesOf('evaluation-worker').some((found) => found !== worker);
  expect(stack.signal('evaluation-worker', 'SIGTERM')).toBe(true);
  await until(isOther, { timeoutSeconds: graceSeconds, what: 'the end of the worker' });
  // How a part ended is told by who started it.
  expect(stack.output).toContain('evaluation-worker ended with status 0 ');
}, 60_000);
