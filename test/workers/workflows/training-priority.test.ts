// Which experiment a free training worker takes, where several wait for one: on a real Temporal server.
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { TrainingActivities } from '../../../src/experiment/activity.ts';
import { taskQueues, workflowNames } from '../../../src/experiment/name.ts';
import { startTemporal, type TestTemporal } from '../../temporal-server.ts';
import { tellCheckpoint, workflowBundle } from './workflow-harness.ts';

let temporal: TestTemporal;
beforeAll(async () => {
  // With several partitions of a queue, which Temporal has by default, its order is not exact.
  temporal = await startTemporal({ settings: ['matching.numTaskqueueWritePartitions=1'] });
});
afterAll(() => temporal.stop());

const snapshot = { sha256: 'sha256:0', totalSteps: 10, stepSeconds: 0.1, evaluationBatchSeconds: 0.1 };

const start = (experimentId: string): Promise<WorkflowHandle> =>
  temporal.client.workflow.start(workflowNames.training, {
    workflowId: experimentId,
    taskQueue: taskQueues.coordinator,
    args: [{ projectId: 'default', experimentId, snapshot }],
  });

/** Resolves when so many attempts of an experiment have been asked for. */
const asked = (experimentId: string, attempts: number): Promise<void> =>
  vi.waitFor(
    async () => {
      const { events } = await temporal.client.workflow.getHandle(experimentId).fetchHistory();
      expect(events?.filter((event) => event.activityTaskScheduledEventAttributes)).toHaveLength(attempts);
    },
    { timeout: 10_000, interval: 50 },
  );

it('takes one that has a checkpoint before one that has waited for longer and has none', async () => {
  const order: string[] = [];
  const completed = { outcome: 'completed', checkpoint: { step: 10, id: 'sha256:10' } } as const;
  const fineTuneBert: TrainingActivities['fineTuneBert'] = async ({ experimentId }) => {
    const isFirst = order.length === 0;
    order.push(experimentId);
    if (isFirst) {
      await tellCheckpoint(temporal, 1);
      await start('second');
      await asked('second', 1);
      await start('third');
      await asked('third', 1);
      return { outcome: 'handedBack', checkpoint: { step: 1, id: 'sha256:1' } };
    }
    // One of the others has the worker that the first gave back, before the first asks for one again.
    if (experimentId !== 'first') await asked('first', 2);
    Context.current().heartbeat();
    return completed;
  };
  const { connection } = temporal;
  const workers = await Promise.all([
    Worker.create({ connection, taskQueue: taskQueues.coordinator, workflowBundle }),
    Worker.create({
      connection,
      taskQueue: taskQueues.training,
      maxConcurrentActivityTaskExecutions: 1,
      activities: { fineTuneBert },
    }),
  ]);
  const running = workers.map((worker) => worker.run());
  const first = await start('first');
  await first.result();
  for (const other of ['second', 'third']) await temporal.client.workflow.getHandle(other).result();
  for (const worker of workers) worker.shutdown();
  await Promise.all(running);
  // Besides priorities Temporal promises no order.
  expect(order.toSorted()).toEqual(['first', 'first', 'second', 'third']);
  expect([order[0], order[2]]).toEqual(['first', 'first']);
});
