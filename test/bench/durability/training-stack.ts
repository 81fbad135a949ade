// The whole stack over an S3 server, with a model and rows uploaded: what the measurements train in and kill a worker of.
import type { Client, Dataset, Model } from '../../../openapi/client.ts';
import { createClient } from '../../../openapi/client.ts';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { childWorkflowId } from '../../../src/experiment/name.ts';
import { until } from '../../../src/local/until.ts';
import { startOf } from '../../../src/machine/process-start.ts';
import { StackProcess } from '../../journeys/stack-process.ts';
import { findVersitygw, openS3, type TestS3 } from '../../storage/stores.ts';
import type { BenchModel } from './model.ts';
import { labelledTexts } from './texts.ts';

const trainRows = 6400;
const evaluationRows = 64;
const batchSize = 32;
/** More steps than any measurement lasts. */
const epochs = 1000;

export class TrainingStack {
  readonly client: Client;
  readonly #stack: StackProcess;
  readonly #s3: TestS3;
  readonly #model: Model;
  readonly #dataset: Dataset;

  private constructor(stack: StackProcess, s3: TestS3, client: Client, model: Model, dataset: Dataset) {
    this.#stack = stack;
    this.#s3 = s3;
    this.client = client;
    this.#model = model;
    this.#dataset = dataset;
  }

  /** @throws Error where versitygw is not installed. */
  static async start({ files, words }: BenchModel): Promise<TrainingStack> {
    const program = findVersitygw();
    if (program === undefined) throw new Error('versitygw is not installed');
    const s3 = await openS3(program);
    try {
      const stack = await StackProcess.start(undefined, { STORAGE_URL: s3.storageUrl, ...s3.variables });
      try {
        const client = createClient(stack.url);
        const model = await client.uploadModel(files);
        const dataset = await client.uploadDataset({
          train: { name: 'train.tsv', content: labelledTexts(words, trainRows) },
          validation: { name: 'validation.tsv', content: labelledTexts(words, evaluationRows) },
        });
        return new TrainingStack(stack, s3, client, model, dataset);
      } catch (error) {
        await stack.stopAndRemove();
        throw error;
      }
    } catch (error) {
      await s3.close();
      throw error;
    }
  }

  /** Submits an experiment that trains for longer than anybody waits. @returns its id. */
  async submit(checkpointEverySeconds: number): Promise<string> {
    const { id } = await this.client.submit({
      name: 'bench',
      model: { id: this.#model.id },
      dataset: { id: this.#dataset.id, textField: 'text', labelField: 'label' },
      training: {
        epochs,
        batchSize,
        checkpoint: { everySteps: 1_000_000, everySeconds: checkpointEverySeconds },
      },
    });
    return id;
  }

  /** Kills the training worker and waits until its process is gone. */
  async killTrainingWorker(): Promise<void> {
    const processes = this.#stack.processesOf('training-worker');
    if (processes.length !== 1) throw new Error(`there are ${processes.length} training workers`);
    for (const id of processes) process.kill(id, 'SIGKILL');
    const isGone = (): boolean => processes.every((id) => startOf(id) === undefined);
    await until(() => Promise.resolve(isGone()), { timeoutSeconds: 10, what: 'the end of the worker' });
  }

  /** How long Temporal lets the running attempt be silent, in seconds: from the history of the training workflow. */
  async heartbeatTimeoutSeconds(experimentId: string): Promise<number> {
    const connection = await Connection.connect({ address: this.#stack.variable('TEMPORAL_ADDRESS') });
    try {
      const client = new TemporalClient({ connection });
      const handle = client.workflow.getHandle(childWorkflowId.training(experimentId, 1));
      const { events } = await handle.fetchHistory();
      const attempts = (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
      const training = attempts.filter(({ activityType }) => activityType?.name === 'fineTuneBert');
      return Number(training.at(-1)?.heartbeatTimeout?.seconds ?? NaN);
    } finally {
      await connection.close();
    }
  }

  /** Ends an experiment, so that the worker is free for the next. */
  async end(id: string): Promise<void> {
    await this.client.cancel(id);
    await this.client.waitForExperiment(id);
  }

  async stop(): Promise<void> {
    await this.#stack.stopAndRemove();
    await this.#s3.close();
  }
}
