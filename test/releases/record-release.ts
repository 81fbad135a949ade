// The command `npm run record:release`: keeps what a released version wrote, so that what follows it is held to reading it.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createClient, ProblemError, type Client, type Submission } from '../../openapi/client.ts';
import { StackProcess } from '../journeys/stack-process.ts';
import { historiesOf, succeeded } from '../journeys/example-experiment.ts';
import { writeHistories } from '../workers/workflows/record-history.ts';

const root = resolve(import.meta.dirname, '../..');

const rows = 48;
const words = [
  'apple',
  'bread',
  'cloud',
  'door',
  'earth',
  'fire',
  'glass',
  'house',
  'iron',
  'juice',
] as const;

/** Two classes, told apart by their words. */
function example(): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    const text = [0, 1, 2].map((place) => words[(row * 7 + place * 3 + (row % 2)) % words.length]).join(' ');
    return JSON.stringify({
      text: `${row % 2 === 0 ? 'yes' : 'no'} ${text}`,
      label: row % 2 === 0 ? 'a' : 'b',
    });
  });
  return `${lines.join('\n')}\n`;
}

/** So small that all of its checkpoints take some tens of KB. Only what every version takes is in it. */
const submissionOf = (dataset: string): Submission => ({
  name: 'release',
  model: {
    scratch: {
      layers: 1,
      hiddenSize: 8,
      heads: 2,
      intermediateSize: 16,
      vocabularySize: 120,
      maxPositions: 16,
    },
  },
  dataset: { id: dataset, textField: 'text', labelField: 'label' },
  training: {
    epochs: 2,
    batchSize: 4,
    learningRate: 1e-3,
    maxSequenceLength: 16,
    dropout: 0.1,
    seed: 7,
    checkpoint: { everySteps: 16 },
  },
});

/**
 * Runs one experiment with the release's own code and keeps its histories; then reads it with today's code, and keeps the bundle
 * of its proof, or, where that cannot be, the manifest that cannot be read.
 *
 * @param directory of the release, with its packages installed; this one by default.
 */
export async function main([directory = root]: readonly string[]): Promise<void> {
  const { version } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
    version: string;
  };
  const dataDirectory = await mkdtemp(join(tmpdir(), 'release-'));
  // One thread: the numeric profile is then that of most machines with the same instructions.
  const variables = { TRAINING_THREADS: '1' };
  try {
    const id = await withStack(
      StackProcess.start(dataDirectory, variables, resolve(directory)),
      async (client) => {
        const file = { name: 'rows.jsonl', content: example() };
        const dataset = await client.uploadDataset({ train: file, validation: file });
        const { id: submitted } = await client.submit(submissionOf(dataset.id));
        await succeeded(client, submitted);
        await mkdir(join(root, 'test/histories', version), { recursive: true });
        await writeHistories(`${version}/experiment`, await historiesOf(client, submitted));
        return submitted;
      },
    );
    const kept = await withStack(StackProcess.start(dataDirectory, variables), (client) =>
      evidenceOf(client, id, dataDirectory),
    );
    const folder = join(root, 'test/checkpoints', version);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, kept.name), kept.bytes);
    process.stdout.write(`${version}: ${kept.name}, ${kept.bytes.byteLength} bytes\n`);
  } finally {
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

async function withStack<T>(
  starting: Promise<StackProcess>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const stack = await starting;
  try {
    return await work(createClient(stack.url));
  } finally {
    await stack.stop();
  }
}

async function evidenceOf(
  client: Client,
  id: string,
  dataDirectory: string,
): Promise<{ name: string; bytes: Uint8Array }> {
  try {
    const params = { path: { id }, query: { bundle: true } };
    const { data } = await client.api.GET('/experiments/{id}/proof', { params, parseAs: 'stream' });
    return { name: 'proof.tar', bytes: await buffer(data as unknown as ReadableStream<Uint8Array>) };
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'blob_corrupt') throw error;
    const folder = join(dataDirectory, 'objects/checkpoints/default', id);
    const newest = (await readdir(folder)).sort().at(-1) ?? '';
    return { name: 'manifest.json', bytes: await readFile(join(folder, newest)) };
  }
}
