// Pauses, as the workflows of an experiment act on them: on a real Temporal server, with activities of the tests' own.
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { childWorkflowId, signalNames } from '../../../src/experiment/name.ts';
import { startTemporal, type TestTemporal } from '../../temporal-server.ts';
import { record } from './record-history.ts';
import { runScenario, statesOf, tellCheckpoint, untilCancelled, type Scenario } from './workflow-harness.ts';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const reaches = (scenario: Scenario, states: readonly string[]): Promise<void> =>
  vi.waitFor(() => expect(statesOf(scenario)).toEqual(states), { timeout: 10_000 });

const progressOf = ({ workflowId }: WorkflowHandle, round: number): Promise<unknown> =>
  temporal.client.workflow.getHandle(childWorkflowId.training(workflowId, round)).result();

/** Attempts that train until they are cancelled, and keep a step more then; the attempt `last` trains to the end. */
function attemptsUntil(last: number) {
  let count = 0;
  const began: Promise<void>[] = [];
  const begin: (() => void)[] = [];
  for (let attempt = 0; attempt < last; attempt += 1)
    began.push(new Promise((resolve) => begin.push(resolve)));
  const fineTuneBert = async () => {
    const attempt = count;
    count += 1;
    begin[attempt]?.();
    if (attempt < last - 1) {
      try {
        await untilCancelled();
      } catch (error) {
        await tellCheckpoint(temporal, attempt + 1);
        throw error;
      }
    }
    return { outcome: 'completed' as const, checkpoint: { step: 10, id: 'sha256:10' } };
  };
  return { fineTuneBert, began, counted: () => count };
}

describe('a pause', () => {
  it('ends the attempt when it has kept its last steps; resumed, the next goes on with what was kept', async () => {
    const attempts = attemptsUntil(2);
    await runScenario(temporal, attempts, async (scenario) => {
      const { handle } = scenario;
      await attempts.began[0];
      await handle.signal(signalNames.pause);
      await reaches(scenario, ['preparing', 'training', 'paused']);
      expect(await progressOf(handle, 1)).toMatchObject({
        outcome: 'paused',
        attempts: 1,
        latestCheckpoint: { step: 1 },
      });
      expect(attempts.counted()).toBe(1);
      await handle.signal(signalNames.resume);
      expect(await handle.result()).toMatchObject({ state: 'succeeded' });
      expect(await progressOf(handle, 2)).toMatchObject({ outcome: 'completed', attempts: 2 });
      expect(statesOf(scenario).slice(2)).toEqual(['paused', 'training', 'evaluating', 'succeeded']);
      await record('paused-and-resumed', temporal, handle.workflowId);
    });
  });

  it('that comes before training takes effect before its first step', async () => {
    let prepare: () => void = () => undefined;
    const prepared = new Promise<void>((resolve) => (prepare = resolve));
    const attempts = attemptsUntil(1);
    const snapshotDataset = async () => {
      await prepared;
      return { sha256: 'sha256:s', totalSteps: 10, stepSeconds: 0.1, evaluationBatchSeconds: 0.1 };
    };
    await runScenario(temporal, { ...attempts, snapshotDataset }, async (scenario) => {
      await reaches(scenario, ['preparing']);
      await scenario.handle.signal(signalNames.pause);
      prepare();
      await reaches(scenario, ['preparing', 'training', 'paused']);
      expect(attempts.counted()).toBe(0);
      await scenario.handle.signal(signalNames.resume);
      expect(await scenario.handle.result()).toMatchObject({ state: 'succeeded' });
      expect(attempts.counted()).toBe(1);
    });
  });

  it('is passed through where it is withdrawn at once, and lasts where it is asked for a third time', async () => {
    const attempts = attemptsUntil(2);
    await runScenario(temporal, attempts, async (scenario) => {
      const { handle } = scenario;
      await attempts.began[0];
      // The second signal of the same kind stands for a delivery whose confirmation was lost.
      for (const name of ['pause', 'pause', 'resume', 'resume', 'pause'] as const)
        await handle.signal(signalNames[name]);
      await reaches(scenario, ['preparing', 'training', 'paused', 'training', 'paused']);
      await handle.signal(signalNames.resume);
      expect(await handle.result()).toMatchObject({ state: 'succeeded' });
      expect(attempts.counted()).toBe(2);
    });
  });

  it('that is delivered late, after the resume that followed it, changes nothing', async () => {
    const attempts = attemptsUntil(2);
    await runScenario(temporal, attempts, async (scenario) => {
      const { handle } = scenario;
      await attempts.began[0];
      await handle.signal(signalNames.pause, 11);
      await reaches(scenario, ['preparing', 'training', 'paused']);
      await handle.signal(signalNames.resume, 12);
      await handle.signal(signalNames.pause, 11);
      await handle.signal(signalNames.resume, 12);
      expect(await handle.result()).toMatchObject({ state: 'succeeded' });
      expect(statesOf(scenario).slice(2)).toEqual(['paused', 'training', 'evaluating', 'succeeded']);
    });
  });

  it('changes nothing where it belonged to the workflow before', async () => {
    const attempts = attemptsUntil(1);
    let prepare: () => void = () => undefined;
    const prepared = new Promise<void>((resolve) => (prepare = resolve));
    const snapshotDataset = async () => {
      await prepared;
      return { sha256: 'sha256:s', totalSteps: 10, stepSeconds: 0.1, evaluationBatchSeconds: 0.1 };
    };
    const act = async (scenario: Scenario): Promise<void> => {
      await reaches(scenario, ['preparing']);
      await scenario.handle.signal(signalNames.pause, 9);
      prepare();
      expect(await scenario.handle.result()).toMatchObject({ state: 'succeeded' });
      expect(statesOf(scenario)).toEqual(['preparing', 'training', 'evaluating', 'succeeded']);
    };
    await runScenario(temporal, { ...attempts, snapshotDataset }, act, { orderNumber: 10 });
  });

  it('changes nothing once the experiment is evaluated', async () => {
    let evaluate: () => void = () => undefined;
    const waited = new Promise<void>((resolve) => (evaluate = resolve));
    const evaluateBert = async () => {
      await waited;
      return { evaluationSha256: 'sha256:evaluation' };
    };
    await runScenario(temporal, { evaluateBert }, async (scenario) => {
      await reaches(scenario, ['preparing', 'training', 'evaluating']);
      await scenario.handle.signal(signalNames.pause);
      evaluate();
      expect(await scenario.handle.result()).toMatchObject({ state: 'succeeded' });
      expect(statesOf(scenario)).not.toContain('paused');
    });
  });
});

describe('a cancellation', () => {
  it('ends an experiment that is paused', async () => {
    const attempts = attemptsUntil(2);
    await runScenario(temporal, attempts, async (scenario) => {
      await attempts.began[0];
      await scenario.handle.signal(signalNames.pause);
      await reaches(scenario, ['preparing', 'training', 'paused']);
      await scenario.handle.signal(signalNames.cancel);
      expect(await scenario.handle.result()).toEqual({ state: 'cancelled' });
      expect(attempts.counted()).toBe(1);
      await record('cancelled-paused', temporal, scenario.handle.workflowId);
    });
  });

  it('that follows a pause at once waits for the steps to be kept', async () => {
    const attempts = attemptsUntil(2);
    await runScenario(temporal, attempts, async (scenario) => {
      await attempts.began[0];
      await scenario.handle.signal(signalNames.pause);
      await scenario.handle.signal(signalNames.cancel);
      expect(await scenario.handle.result()).toEqual({ state: 'cancelled' });
      expect(statesOf(scenario).at(-1)).toBe('cancelled');
    });
  });
});
