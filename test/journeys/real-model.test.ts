// A real pretrained model on real sentences, through HTTP alone: what comes back computes the same logits.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type Client } from '../../openapi/client.ts';
import { readModelArchive } from '../../src/model/model-archive.ts';
import { readModelConfig } from '../../src/model/model-config.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import { exampleTableOf } from '../../src/text/example-table.ts';
import { modelLimits } from '../../src/training/inference/batching.ts';
import { exportOnnx } from '../../src/training/inference/export-onnx.ts';
import { openInference } from '../../src/training/inference/open-inference.ts';
import { succeeded } from './example-experiment.ts';
import { StackProcess } from './stack-process.ts';

const shared = resolve(import.meta.dirname, '../../../shared');
const modelFolder = resolve(shared, 'models/minilm-l6-v2');
const dataFolder = resolve(shared, 'data/sst2');
const maxSequenceLength = 64;
const trainingRows = 1000;
const evaluationRows = 200;

const textFile = async (path: string): Promise<{ name: string; content: string }> => ({
  name: path.slice(path.lastIndexOf('/') + 1),
  content: await readFile(path, 'utf8'),
});

/** The header and the first rows of a file. */
async function head(name: string, rows: number): Promise<{ name: string; content: string }> {
  const file = await textFile(resolve(dataFolder, name));
  return {
    ...file,
    content: `${file.content
      .split('\n')
      .slice(0, rows + 1)
      .join('\n')}\n`,
  };
}

describe.skipIf(!existsSync(modelFolder) || !existsSync(dataFolder))('MiniLM fine-tuned on SST-2', () => {
  let stack: StackProcess;
  let client: Client;
  beforeAll(async () => {
    stack = await StackProcess.start();
    client = createClient(stack.url);
  });
  afterAll(() => stack.stopAndRemove());

  it('comes back as a model whose logits are those of the service’s evaluation', async () => {
    const model = await client.uploadModel([
      await textFile(resolve(modelFolder, 'config.json')),
      await textFile(resolve(modelFolder, 'tokenizer.json')),
      {
        name: 'model.safetensors',
        content: new Uint8Array(await readFile(resolve(modelFolder, 'model.safetensors'))),
      },
    ]);
    expect(model).toMatchObject({ architecture: 'bert', parameters: 22_713_216 });
    const dataset = await client.uploadDataset({
      train: await head('train.tsv', trainingRows),
      dev: await head('dev.tsv', evaluationRows),
    });
    const { id } = await client.submit({
      name: 'sst2-minilm',
      model: { id: model.id },
      dataset: { id: dataset.id, textField: 'sentence', labelField: 'label' },
      training: { epochs: 1, batchSize: 16, learningRate: 1e-4, maxSequenceLength },
    });
    const ended = await succeeded(client, id);
    expect(ended.snapshot?.rows).toEqual({ train: trainingRows, evaluation: evaluationRows, leftOut: 0 });
    // Always saying the more frequent label of these rows would be right in about half of the cases.
    expect(ended.evaluation?.metrics['accuracy']).toBeGreaterThan(0.65);

    const { data } = await client.api.GET('/experiments/{id}/evaluation/rows', {
      params: { path: { id }, query: { limit: evaluationRows } },
    });
    const rows = data?.items ?? [];
    expect(rows).toHaveLength(evaluationRows);
    const archive = await readModelArchive(Readable.fromWeb(await client.downloadModel(id)));
    const tokenizer = createTokenizer(archive.tokenizerJson);
    const examples = rows.map(({ text }) => {
      const tokenIds = Int32Array.from(tokenizer.encode(text, maxSequenceLength));
      return { tokenIds, secondStart: tokenIds.length, targets: new Int32Array(1) };
    });
    const config = readModelConfig(archive.config);
    const task = { task: 'classification', labelCount: 2 } as const;
    const attempts = await client.api.GET('/experiments/{id}/attempts', { params: { path: { id } } });
    const inference = await openInference(
      exportOnnx({ config, head: task, precision: 'float32', tensors: archive.tensors }),
      { threads: attempts.data?.items[0]?.threads ?? 1, provider: 'cpu', limits: modelLimits(config) },
    );
    const { logits } = await inference.run(exampleTableOf(examples, 'class'));
    await inference.close();
    expect([...logits]).toEqual(rows.flatMap((row) => row.logits));
  }, 600_000);
});
