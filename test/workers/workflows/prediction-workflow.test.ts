// The workflow of one request for predictions, with an activity whose behaviour the test decides; records its histories.
import { ApplicationFailure } from '@temporalio/activity';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PredictionActivities } from '../../../src/experiment/activity.ts';
import { newPredictionId } from '../../../src/experiment/id.ts';
import { taskQueues, workflowNames } from '../../../src/experiment/name.ts';
import { startTemporal, type TestTemporal } from '../../temporal-server.ts';
import { record } from './record-history.ts';
import { workflowBundle } from './workflow-harness.ts';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

/** Runs the workflow to its end, and records it under `name`. */
async function run(name: string, predict: PredictionActivities['predict']): Promise<unknown> {
  const { client, connection } = temporal;
  const activities: PredictionActivities = { predict };
  const workers = await Promise.all([
    Worker.create({ connection, taskQueue: taskQueues.coordinator, workflowBundle }),
    Worker.create({ connection, taskQueue: taskQueues.evaluation, activities }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  try {
    const workflowId = newPredictionId();
    const handle = await client.workflow.start(workflowNames.prediction, {
      workflowId,
      taskQueue: taskQueues.coordinator,
      args: [{ projectId: 'default', experimentId: 'exp_1', texts: ['one'] }],
    });
    const [outcome] = await Promise.allSettled([handle.result()]);
    await record(name, temporal, workflowId);
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
  }
}

it('answers with what the worker predicts', async () => {
  const items = [{ label: 'a', probabilities: { a: 1 } }];
  expect(await run('predicted', () => Promise.resolve(items))).toEqual(items);
});

it('fails with a fault of the machine after a second attempt', async () => {
  let attempts = 0;
  const fail = (): Promise<never> => {
    attempts += 1;
    throw ApplicationFailure.retryable('The engine stopped.', 'engine_failed');
  };
  await expect(run('prediction-failed', fail)).rejects.toMatchObject({
    cause: { cause: { type: 'engine_failed' } },
  });
  expect(attempts).toBe(2);
});
