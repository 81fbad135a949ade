// What a workflow's history tells of what it was told is written.
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../src/local/until.ts';
import { taskQueues, workflowNames } from '../../src/experiment/name.ts';
import { WorkflowFactsReader } from '../../src/temporal/workflow-facts.ts';
import { startTemporal, type TestTemporal } from '../temporal-server.ts';
import { runScenario, untilCancelled } from '../workers/workflows/workflow-harness.ts';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const lengthOf = async (workflowId: string): Promise<number> =>
  (await temporal.client.workflow.getHandle(workflowId).describe()).historyLength;

describe('what is known of a workflow', () => {
  it('grows as it is told what is written, up to its result', async () => {
    const reader = new WorkflowFactsReader(temporal.client);
    expect(await reader.factsOf('exp_none')).toEqual({ status: 'unknown' });
    await runScenario(temporal, {}, async ({ handle }) => {
      await handle.result();
      expect(await reader.factsOf(handle.workflowId)).toMatchObject({
        status: 'completed',
        recorded: { sequence: 4, hasSnapshot: true, trainedStep: 10, failure: null },
        result: { state: 'succeeded' },
      });
    });
    const fail = (): Promise<never> => {
      throw ApplicationFailure.nonRetryable('One label only.', 'labels_invalid');
    };
    await runScenario(temporal, { snapshotDataset: fail }, async ({ handle }) => {
      await handle.result();
      expect(await reader.factsOf(handle.workflowId)).toMatchObject({
        recorded: { hasSnapshot: false, failure: { code: 'labels_invalid', message: 'One label only.' } },
        result: { state: 'failed', code: 'labels_invalid' },
      });
    });
  });

  it('is of the run that runs now, also where the one before had as many events', async () => {
    const reader = new WorkflowFactsReader(temporal.client);
    const experimentId = `exp_${randomUUID().replaceAll('-', '')}`;
    let prepared = 0;
    const prepare = (): Promise<never> => {
      prepared += 1;
      return untilCancelled();
    };
    await runScenario(
      temporal,
      { snapshotDataset: prepare },
      async () => {
        await until(() => prepared === 1, { timeoutSeconds: 20, what: 'preparing' });
        expect(await reader.factsOf(experimentId)).toMatchObject({ recorded: { sequence: 1 } });
        const before = await lengthOf(experimentId);
        const continued = { state: 'queued', sequence: 500 };
        await temporal.client.workflow.start(workflowNames.coordinator, {
          workflowId: experimentId,
          taskQueue: taskQueues.coordinator,
          workflowIdConflictPolicy: 'TERMINATE_EXISTING',
          args: [{ projectId: 'default', experimentId, continued }],
        });
        await until(() => prepared === 2, { timeoutSeconds: 20, what: 'preparing again' });
        expect(await lengthOf(experimentId)).toBe(before);
        expect(await reader.factsOf(experimentId)).toMatchObject({ recorded: { sequence: 501 } });
        await temporal.client.workflow.getHandle(experimentId).terminate();
      },
      { experimentId },
    );
  });
});
