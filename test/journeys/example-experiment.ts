// A small experiment on the demo's dataset, and what the journeys ask of one that has ended.
import type { Client, Dataset, Experiment, Submission } from '../../openapi/client.ts';
import { until } from '../../src/local/until.ts';
import type { ExperimentHistories } from '../../src/temporal/history.ts';
import { exampleDataset, toCsv } from '../../src/demo/example-dataset.ts';

export async function uploadExample(client: Client, rows = 1600): Promise<Dataset> {
  const { train, validation } = exampleDataset({ rows, seed: 5 });
  return client.uploadDataset({
    train: { name: 'train.csv', content: toCsv(train) },
    validation: { name: 'validation.csv', content: toCsv(validation) },
  });
}

export function exampleSubmission(
  dataset: Pick<Dataset, 'id'>,
  training: Submission['training'] = {},
  sizes: { layers?: number; hiddenSize?: number } = {},
): Submission {
  return {
    name: 'journey',
    model: {
      scratch: {
        layers: 2,
        hiddenSize: 64,
        heads: 2,
        intermediateSize: 128,
        vocabularySize: 1000,
        maxPositions: 48,
        ...sizes,
      },
    },
    dataset: { id: dataset.id, textField: 'text', labelField: 'intent' },
    training: { epochs: 4, learningRate: 5e-4, maxSequenceLength: 48, dropout: 0.1, seed: 11, ...training },
  };
}

/** The hash of the weights that an experiment ended with. */
export async function weightsOf(client: Client, id: string): Promise<string> {
  const { data } = await client.api.GET('/experiments/{id}/evaluation', { params: { path: { id } } });
  if (data === undefined) throw new Error('there is no evaluation');
  return data.checkpoint.weightsSha256;
}

export interface LedgerStep {
  readonly step: number;
  readonly lossBits: number;
  readonly gradientNormBits: number;
  readonly examples: number;
}

/** Every step of an experiment's ledger, in order; without its leases. */
export async function ledgerOf(client: Client, id: string): Promise<LedgerStep[]> {
  const steps: LedgerStep[] = [];
  let cursor: string | undefined;
  do {
    const { data } = await client.api.GET('/experiments/{id}/ledger', {
      params: { path: { id }, query: { limit: 10_000, ...(cursor !== undefined && { cursor }) } },
    });
    for (const { step, lossBits, gradientNormBits, examples } of data?.items ?? [])
      steps.push({ step, lossBits, gradientNormBits, examples });
    cursor = data?.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return steps;
}

/** The histories of its workflows as they were stored at its end. */
export async function historiesOf(client: Client, id: string): Promise<ExperimentHistories> {
  let histories: unknown;
  // They are stored soon after the end.
  const areStored = async (): Promise<boolean> => {
    const answer = await client.api
      .GET('/experiments/{id}/history', { params: { path: { id } } })
      .catch(nothing);
    histories = answer?.data;
    return histories !== undefined;
  };
  await until(areStored, { timeoutSeconds: 30, what: 'the history' });
  // Written by the dispatcher.
  return histories as ExperimentHistories;
}

const nothing = (): undefined => undefined;

/** The attempts at training, oldest first. */
export async function attemptsOf(client: Client, id: string) {
  const { data } = await client.api.GET('/experiments/{id}/attempts', { params: { path: { id } } });
  return data?.items ?? [];
}

/** Where the time of an experiment went. */
export async function wasteOf(client: Client, id: string) {
  const { data } = await client.api.GET('/experiments/{id}/waste', { params: { path: { id } } });
  if (data === undefined) throw new Error('there is no account of its time');
  return data;
}

/** Workers that poll the queue of training. */
export const trainingWorkers = (client: Client): Promise<number> =>
  workersOf(client, 'bert-training-task-queue');

/** Workers that poll the queue of coordination: without one, what is submitted waits for a worker. */
export const coordinatorWorkers = (client: Client): Promise<number> =>
  workersOf(client, 'bert-coordinator-task-queue');

async function workersOf(client: Client, queue: string): Promise<number> {
  const { data } = await client.api.GET('/queues');
  return data?.items.find(({ name }) => name === queue)?.workers.length ?? 0;
}

/** Waits for the end, and says what went wrong where it is not a success. */
export async function succeeded(client: Client, id: string): Promise<Experiment> {
  const ended = await client.waitForExperiment(id);
  if (ended.state !== 'succeeded')
    throw new Error(`it ended as ${ended.state}: ${JSON.stringify(ended.error)}`);
  return ended;
}

/** The numbers 1 to n: what the steps of a ledger without gap or repeat are. */
export const countingTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);
