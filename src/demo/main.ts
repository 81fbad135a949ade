// `npm run demo`: starts the whole stack, trains a small BERT model over HTTP, kills its worker half-way, and shows
// that training goes on from the last checkpoint and ends with an evaluated model. Fails if any of that fails.
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type Client, type Experiment } from '../../openapi/client.ts';
import { exampleDataset, toCsv } from './example-dataset.ts';
import { evaluationTable } from './evaluation-table.ts';
import { TrainingBar } from './training-bar.ts';
import { startService } from './service-process.ts';

const directory = resolve('.demo');
const seed = 20;
const rows = 2600;
const trainingQueue = 'bert-training-task-queue';
/** What a model of this size reaches on combinations that it was not trained on; far less means that something broke. */
const leastAccuracy = 0.8;
const findWorkerSeconds = 20;

const print = (line = ''): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const startedAt = performance.now();
  print('Starting PostgreSQL, Temporal, the API and three workers …');
  const service = await startService(join(directory, 'data'));
  try {
    print(`Ready at ${service.url}`);
    const client = createClient(service.url);
    const experiment = await submit(client);
    const killedAtStep = await trainWithKill(client, experiment.id);
    await report(client, experiment.id, killedAtStep);
    print(`\nThe whole demo took ${((performance.now() - startedAt) / 1000).toFixed(0)} s.`);
  } finally {
    await service.stop();
  }
}

async function submit(client: Client): Promise<Experiment> {
  const { train, validation } = exampleDataset({ rows, seed });
  const dataset = await client.uploadDataset({
    train: { name: 'train.csv', content: toCsv(train) },
    validation: { name: 'validation.csv', content: toCsv(validation) },
  });
  print(`Uploaded ${train.length} training and ${validation.length} evaluation messages as ${dataset.id}`);
  const experiment = await client.submit({
    name: 'demo',
    tags: ['demo'],
    model: {
      scratch: {
        layers: 2,
        hiddenSize: 128,
        heads: 2,
        intermediateSize: 512,
        vocabularySize: 2000,
        maxPositions: 64,
      },
    },
    dataset: { id: dataset.id, textField: 'text', labelField: 'intent' },
    training: { epochs: 6, learningRate: 4e-4, maxSequenceLength: 48, seed, checkpoint: { everySteps: 40 } },
  });
  print(`Submitted ${experiment.id}: a BERT of 2 layers, from random weights\n`);
  return experiment;
}

/** Follows the experiment to its end and kills its worker once. @returns the step at which that was. */
async function trainWithKill(client: Client, id: string): Promise<number> {
  const bar = new TrainingBar();
  const isHalfWay = ({ progress, latestCheckpoint }: Experiment): boolean =>
    progress !== null && progress.step * 2 >= progress.totalSteps && latestCheckpoint !== null;
  const half = await client.waitForExperiment(id, isHalfWay, (experiment) => bar.show(experiment));
  if (!isHalfWay(half)) throw failure(`training did not come half-way: ${half.error?.message ?? half.state}`);
  const processId = await trainingProcess(client);
  process.kill(processId, 'SIGKILL');
  const killedAtStep = (await client.getExperiment(id)).progress?.step ?? 0;
  bar.interrupt(`SIGKILL to the training worker (process ${processId}) at about step ${killedAtStep}`);
  const resumed = await client.waitForExperiment(id, ({ attempts }) => attempts > half.attempts);
  bar.interrupt(`A new attempt goes on from the checkpoint at step ${resumed.latestCheckpoint?.step ?? 0}`);
  const ended = await client.waitForExperiment(id, undefined, (experiment) => bar.show(experiment));
  bar.stop();
  if (ended.state !== 'succeeded') throw failure(`it ended as ${ended.state}: ${ended.error?.message ?? ''}`);
  return killedAtStep;
}

/** The process of the one training worker, as the service knows it: `PROCESS@HOST`. */
async function trainingProcess(client: Client): Promise<number> {
  const end = performance.now() + findWorkerSeconds * 1000;
  while (performance.now() < end) {
    const { data } = await client.api.GET('/queues');
    const worker = data?.items.find(({ name }) => name === trainingQueue)?.workers.at(0);
    if (worker !== undefined) return Number.parseInt(worker.id, 10);
    await delay(200);
  }
  throw failure('the service knows of no training worker');
}

async function report(client: Client, id: string, killedAtStep: number): Promise<void> {
  const path = { params: { path: { id } } };
  const { data: attempts } = await client.api.GET('/experiments/{id}/attempts', path);
  const [first, second, ...more] = attempts?.items ?? [];
  if (first?.cause !== 'lost' || second?.cause !== 'completed' || more.length > 0)
    throw failure('the attempts are not one lost and one completed');
  if (second.startStep === null || second.startStep === 0)
    throw failure('the second attempt began from the start');
  print(
    `\nAttempt 1 was lost; attempt 2 began at step ${second.startStep} and repeated ${second.stepsRepeated} steps,`,
  );
  print(`each with the same bits as before (killed at about step ${killedAtStep}).\n`);
  const { data: evaluation } = await client.api.GET('/experiments/{id}/evaluation', path);
  if (evaluation?.task !== 'classification') throw failure('there is no evaluation of a classification');
  print(evaluationTable(evaluation));
  if (evaluation.accuracy < leastAccuracy) throw failure(`the accuracy is below ${leastAccuracy}`);
  const result = join(directory, 'result');
  await mkdir(result, { recursive: true });
  await writeFile(join(result, 'evaluation.json'), `${JSON.stringify(evaluation, undefined, 2)}\n`);
  const model = await client.downloadModel(id);
  await pipeline(Readable.fromWeb(model), createWriteStream(join(result, 'model.tar')));
  print(`\nModel and evaluation are in ${result}`);
}

function failure(what: string): Error {
  return new Error(`The demo failed: ${what}`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
