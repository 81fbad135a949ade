// Predictions through a real Temporal: the workflow that hands them on, and what becomes of its failures.
import { ApplicationFailure } from '@temporalio/common';
import { Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PredictionActivities } from '../../src/experiment/activity.ts';
import { taskQueues } from '../../src/experiment/name.ts';
import { freePort } from '../../src/local/free-port.ts';
import { createTemporalGateway, type TemporalGateway } from '../../src/temporal/gateway.ts';
import { startTemporal, type TestTemporal } from '../temporal-server.ts';
import { workflowBundle } from '../workers/workflows/workflow-harness.ts';

let temporal: TestTemporal;
let client: Connection;
let gateway: TemporalGateway;

beforeAll(async () => {
  temporal = await startTemporal();
  client = await Connection.connect({ address: temporal.address });
  gateway = createTemporalGateway(client, 'default');
});
afterAll(async () => {
  await client.close();
  await temporal.stop();
});

const input = { projectId: 'default', experimentId: 'exp_1', texts: ['one', 'two'] };
const forever = (): AbortSignal => new AbortController().signal;

/** Runs `act` while workers are there whose predictions are those of `predict`. */
async function whileWorking<T>(predict: PredictionActivities['predict'], act: () => Promise<T>): Promise<T> {
  const { connection } = temporal;
  const activities: PredictionActivities = { predict };
  const workers = await Promise.all([
    Worker.create({ connection, taskQueue: taskQueues.coordinator, workflowBundle }),
    Worker.create({ connection, taskQueue: taskQueues.evaluation, activities }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  try {
    return await act();
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
  }
}

it('predictions come from the worker of the evaluation queue', async () => {
  const items = [{ label: 'a', probabilities: { a: 1 } }, { value: 2 }];
  const asked: unknown[] = [];
  const answer = await whileWorking(
    (given) => {
      asked.push(given);
      return Promise.resolve(items);
    },
    () => gateway.predict(input, forever()),
  );
  expect(asked).toEqual([input]);
  expect(answer).toEqual(items);
});

it('a fault of the machine is tried once more, and then told by its code', async () => {
  let calls = 0;
  const failing = (): Promise<never> => {
    calls += 1;
    return Promise.reject(ApplicationFailure.retryable('The engine stopped.', 'engine_failed'));
  };
  await expect(whileWorking(failing, () => gateway.predict(input, forever()))).rejects.toMatchObject({
    code: 'engine_failed',
    message: 'The engine stopped.',
  });
  expect(calls).toBe(2);
  const once = (): ReturnType<PredictionActivities['predict']> => {
    calls += 1;
    return calls === 3 ? failing() : Promise.resolve([{ value: 1 }]);
  };
  expect(await whileWorking(once, () => gateway.predict(input, forever()))).toEqual([{ value: 1 }]);
});

it('a fault of the user is not tried again', async () => {
  let calls = 0;
  const refusing = (): Promise<never> => {
    calls += 1;
    return Promise.reject(ApplicationFailure.nonRetryable('It has none.', 'no_checkpoint'));
  };
  await expect(whileWorking(refusing, () => gateway.predict(input, forever()))).rejects.toMatchObject({
    code: 'no_checkpoint',
  });
  expect(calls).toBe(1);
});

it('a worker that stops, or fails without a code, did not finish them', async () => {
  const stopping = (): Promise<never> =>
    Promise.reject(ApplicationFailure.nonRetryable('It stops.', 'worker_stopping'));
  await expect(whileWorking(stopping, () => gateway.predict(input, forever()))).rejects.toMatchObject({
    code: 'prediction_unavailable',
    message: 'The worker did not finish them.',
  });
});

it('the wait for a worker that does not come ends with its signal', async () => {
  const leaving = new AbortController();
  const waiting = gateway.predict(input, leaving.signal);
  const started = async (): Promise<boolean> => {
    for await (const { type } of temporal.client.workflow.list({
      query: 'ExecutionStatus = "Running" AND WorkflowType = "PredictionWorkflow"',
    }))
      if (type === 'PredictionWorkflow') return true;
    return false;
  };
  await expect.poll(started, { timeout: 10_000 }).toBe(true);
  leaving.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'prediction_unavailable' });
});

it('the wait for a worker that does not come ends by itself', async () => {
  const hasty = createTemporalGateway(client, 'default', 2);
  const begin = performance.now();
  await expect(hasty.predict(input, forever())).rejects.toMatchObject({
    code: 'prediction_unavailable',
    message: 'No worker answered in time.',
  });
  expect(performance.now() - begin).toBeGreaterThan(1500);
});

it('without Temporal nothing is handed on', async () => {
  const lazy = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
  await expect(createTemporalGateway(lazy, 'default').predict(input, forever())).rejects.toMatchObject({
    code: 'temporal_unavailable',
  });
  await lazy.close();
});
