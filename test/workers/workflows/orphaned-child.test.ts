// A child that a terminated coordinator has left: it makes room for that of the coordinator which follows.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { childWorkflowId, taskQueues, workflowNames } from '../../../src/experiment/name.ts';
import { startTemporal, type TestTemporal } from '../../temporal-server.ts';
import { record } from './record-history.ts';
import { runScenario, statesOf, untilCancelled } from './workflow-harness.ts';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const snapshot = { sha256: 'sha256:s', totalSteps: 10, stepSeconds: 0.1, evaluationBatchSeconds: 0.1 };

/** Starts a child of the experiment whose parent is gone. */
async function startOrphan(name: string, workflowId: string, experimentId: string): Promise<WorkflowHandle> {
  const { workflow } = temporal.client;
  const args = [{ projectId: 'default', experimentId, snapshot }];
  const handle = await workflow.start(name, { workflowId, taskQueue: taskQueues.coordinator, args });
  return workflow.getHandle(workflowId, handle.firstExecutionRunId);
}

it.each([
  ['training', workflowNames.training, (id: string) => childWorkflowId.training(id, 1), 'fineTuneBert'],
  ['evaluation', workflowNames.evaluation, childWorkflowId.evaluation, 'evaluateBert'],
] as const)('of %s is cancelled, and the experiment goes on', async (phase, name, idOf, activityName) => {
  const experimentId = `exp_${randomUUID().replaceAll('-', '')}`;
  const orphan = await startOrphan(name, idOf(experimentId), experimentId);
  let attempts = 0;
  const results = {
    fineTuneBert: { outcome: 'completed', checkpoint: { step: 10, id: 'sha256:checkpoint' } },
    evaluateBert: { evaluationSha256: 'sha256:evaluation' },
  } as const;
  // The orphan's attempt goes on until it is cancelled.
  const activity = (): Promise<never> | Promise<(typeof results)[typeof activityName]> => {
    attempts += 1;
    return attempts === 1 ? untilCancelled() : Promise.resolve(results[activityName]);
  };
  await runScenario(
    temporal,
    { [activityName]: activity },
    async (scenario) => {
      expect(await scenario.handle.result()).toMatchObject({ state: 'succeeded' });
      expect(statesOf(scenario)).toEqual(['preparing', 'training', 'evaluating', 'succeeded']);
      expect((await orphan.describe()).status.name).toBe('CANCELLED');
      expect(attempts).toBe(2);
      await record(`orphaned-${phase}`, temporal, experimentId);
    },
    { experimentId },
  );
});

it('is waited for at growing intervals while it keeps its last steps', async () => {
  const experimentId = `exp_${randomUUID().replaceAll('-', '')}`;
  await startOrphan(workflowNames.training, childWorkflowId.training(experimentId, 1), experimentId);
  let attempts = 0;
  const fineTuneBert = async () => {
    attempts += 1;
    if (attempts > 1) return { outcome: 'completed' as const, checkpoint: { step: 10, id: 'sha256:10' } };
    try {
      return await untilCancelled();
    } finally {
      // Between the third try, after 3 s, and the fourth, after 7 s.
      await delay(5000);
    }
  };
  await runScenario(
    temporal,
    { fineTuneBert },
    async ({ handle }) => {
      expect(await handle.result()).toMatchObject({ state: 'succeeded' });
      const { events } = await handle.fetchHistory();
      const timers = (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) =>
        timer ? [Number(timer.startToFireTimeout?.seconds ?? 0)] : [],
      );
      expect(timers).toEqual([1, 2, 4]);
    },
    { experimentId },
  );
});
