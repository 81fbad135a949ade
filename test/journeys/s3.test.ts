// The whole stack on an S3 server instead of a directory.
import { expect, it } from 'vitest';
import { createClient, type Client } from '../../openapi/client.ts';
import { until } from '../../src/local/until.ts';
import { findVersitygw, openS3 } from '../storage/stores.ts';
import { exampleSubmission, succeeded, uploadExample } from './example-experiment.ts';
import { StackProcess } from './stack-process.ts';

const program = findVersitygw();

/** Temporal's history of an experiment, which is stored a moment after its end. */
async function historyOf(client: Client, id: string): Promise<string> {
  let history: unknown;
  const read = async (): Promise<boolean> => {
    const answer = await client.api
      .GET('/experiments/{id}/history', { params: { path: { id } } })
      // Not there yet.
      .catch(() => undefined);
    history = answer?.data;
    return history !== undefined;
  };
  await until(read, { timeoutSeconds: 30, what: 'the history' });
  return JSON.stringify(history);
}

it.skipIf(program === undefined)(
  'an experiment with its objects in S3 survives its worker and ends with a model',
  async () => {
    const s3 = await openS3(program ?? '');
    const stack = await StackProcess.start(undefined, { STORAGE_URL: s3.storageUrl, ...s3.variables });
    try {
      const client = createClient(stack.url);
      const dataset = await uploadExample(client, 800);
      const { id } = await client.submit(
        exampleSubmission(dataset, { epochs: 8, checkpoint: { everySteps: 10 } }),
      );
      await client.waitForExperiment(id, ({ latestCheckpoint }) => (latestCheckpoint?.step ?? 0) >= 20);
      expect(stack.signal('training-worker', 'SIGKILL')).toBe(true);
      const ended = await succeeded(client, id);
      expect(ended.attempts).toBe(2);
      expect(await historyOf(client, id)).toContain('worker_lost');
      const model = await new Response(await client.downloadModel(id)).arrayBuffer();
      expect(model.byteLength).toBeGreaterThan(10_000);
      const keys: string[] = [];
      for await (const { key } of s3.store.list('checkpoints/')) keys.push(key);
      expect(keys.length).toBeGreaterThan(5);
    } finally {
      await stack.stopAndRemove();
      await s3.close();
    }
  },
  180_000,
);
