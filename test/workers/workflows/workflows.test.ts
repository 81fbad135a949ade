import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainedExperiment } from '../../../src/experiment/activity.ts';
import { childWorkflowId, queryNames, signalNames } from '../../../src/experiment/name.ts';
import { startTemporal, type TestTemporal } from '../../temporal-server.ts';
import { record } from './record-history.ts';
import { runScenario, statesOf, tellCheckpoint, untilCancelled } from './workflow-harness.ts';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const training = (handle: WorkflowHandle): WorkflowHandle =>
  temporal.client.workflow.getHandle(childWorkflowId.training(handle.workflowId, 1));

/** An activity that is cancelled says first that it has begun. */
function blocking(): { activity: () => Promise<never>; begun: Promise<void> } {
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  return {
    begun,
    activity: () => {
      begin();
      return untilCancelled();
    },
  };
}

describe('an experiment’s workflow', () => {
  it('goes through its phases in order and counts its transitions', async () => {
    await runScenario(temporal, {}, async (scenario) => {
      expect(await scenario.handle.result()).toEqual({
        state: 'succeeded',
        evaluationSha256: 'sha256:evaluation',
      });
      expect(statesOf(scenario)).toEqual(['preparing', 'training', 'evaluating', 'succeeded']);
      expect(scenario.transitions.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
      await record('succeeded', temporal, scenario.handle.workflowId);
    });
  });

  it('is written down within the workflow’s task, and by an activity that lasts where the database is away', async () => {
    let reports = 0;
    const publishReport = () => {
      reports += 1;
      return reports <= 3 ? Promise.reject(new Error('the database is away')) : Promise.resolve();
    };
    await runScenario(temporal, { publishReport }, async (scenario) => {
      expect(await scenario.handle.result()).toMatchObject({ state: 'succeeded' });
      expect(statesOf(scenario)).toEqual(['preparing', 'training', 'evaluating', 'succeeded']);
      const { events } = await scenario.handle.fetchHistory();
      const scheduled = (events ?? []).flatMap(
        ({ activityTaskScheduledEventAttributes: activity }) => activity?.activityType?.name ?? [],
      );
      expect(scheduled).toEqual(['snapshotDataset', 'publishReport']);
      await record('written-in-the-end', temporal, scenario.handle.workflowId);
    });
    expect(reports).toBe(4);
  });

  it('tells whoever makes the result with which step training had ended', async () => {
    const told: unknown[] = [];
    const activities = {
      evaluateBert: (input: TrainedExperiment) => {
        told.push(input.trainedStep);
        return Promise.resolve({ evaluationSha256: 'sha256:evaluation' });
      },
      publishReport: (input: TrainedExperiment) => {
        told.push(input.trainedStep);
        return Promise.resolve();
      },
    };
    await runScenario(temporal, activities, async ({ handle }) => {
      await handle.result();
      expect(told).toEqual([10, 10]);
    });
  });

  it('ends as failed where its training was terminated in Temporal, and says so', async () => {
    const { activity, begun } = blocking();
    await runScenario(temporal, { fineTuneBert: activity }, async (scenario) => {
      await begun;
      await training(scenario.handle).terminate('by hand');
      expect(await scenario.handle.result()).toEqual({ state: 'failed', code: 'workflow_terminated' });
      expect(scenario.transitions.at(-1)?.error?.message).toContain('terminated in Temporal');
    });
  });

  it('ends as failed with the code of a fault of the user, without a second attempt', async () => {
    let attempts = 0;
    const fail = (): Promise<never> => {
      attempts += 1;
      throw ApplicationFailure.nonRetryable('One label only.', 'labels_invalid');
    };
    await runScenario(temporal, { snapshotDataset: fail }, async (scenario) => {
      expect(await scenario.handle.result()).toEqual({ state: 'failed', code: 'labels_invalid' });
      expect(scenario.transitions.at(-1)).toMatchObject({
        state: 'failed',
        error: { code: 'labels_invalid', message: 'One label only.' },
      });
      expect(attempts).toBe(1);
      await record('failed', temporal, scenario.handle.workflowId);
    });
  });

  it('goes on with a new attempt at once when a worker hands the experiment back', async () => {
    let attempts = 0;
    const handBackTwice = () => {
      attempts += 1;
      const outcome = attempts <= 2 ? ('handedBack' as const) : ('completed' as const);
      return Promise.resolve({ outcome, checkpoint: { step: attempts, id: 'sha256:checkpoint' } });
    };
    await runScenario(temporal, { fineTuneBert: handBackTwice }, async (scenario) => {
      const startedAt = Date.now();
      expect(await scenario.handle.result()).toMatchObject({ state: 'succeeded' });
      // Two waits between attempts would take 4 s.
      expect(Date.now() - startedAt).toBeLessThan(3500);
      expect(await training(scenario.handle).result()).toMatchObject({ attempts: 3, fruitlessAttempts: 0 });
      await record('handed-back', temporal, scenario.handle.workflowId);
    });
  });

  it('is tried again for as long as checkpoints advance, more often than the limit of fruitless attempts', async () => {
    let attempts = 0;
    const failAfterCheckpoint = async () => {
      attempts += 1;
      await tellCheckpoint(temporal, attempts);
      if (attempts <= 11) throw ApplicationFailure.retryable('The disk failed.', 'internal');
      return { outcome: 'completed' as const, checkpoint: { step: 12, id: 'sha256:12' } };
    };
    await runScenario(temporal, { fineTuneBert: failAfterCheckpoint }, async (scenario) => {
      expect(await scenario.handle.result()).toMatchObject({ state: 'succeeded' });
      expect(attempts).toBe(12);
      await record('retried', temporal, scenario.handle.workflowId);
    });
  }, 60_000);

  it('counts fruitless attempts anew after one that kept a checkpoint, also where that was handed back', async () => {
    let attempts = 0;
    const failButTheSixth = async () => {
      attempts += 1;
      if (attempts === 6) {
        await tellCheckpoint(temporal, 1);
        return { outcome: 'handedBack' as const, checkpoint: { step: 1, id: 'sha256:1' } };
      }
      if (attempts <= 12) throw ApplicationFailure.retryable('The disk failed.', 'internal');
      return { outcome: 'completed' as const, checkpoint: { step: 10, id: 'sha256:10' } };
    };
    await runScenario(temporal, { fineTuneBert: failButTheSixth }, async (scenario) => {
      expect(await scenario.handle.result()).toMatchObject({ state: 'succeeded' });
      expect(attempts).toBe(13);
    });
  }, 60_000);

  it('ends as no_progress after ten attempts in a row without a new checkpoint', async () => {
    let attempts = 0;
    const fail = (): Promise<never> => {
      attempts += 1;
      throw ApplicationFailure.retryable('The disk failed.', 'internal');
    };
    await runScenario(temporal, { fineTuneBert: fail }, async (scenario) => {
      expect(await scenario.handle.result()).toEqual({ state: 'failed', code: 'no_progress' });
      expect(attempts).toBe(10);
      expect(scenario.transitions.at(-1)?.error?.message).toContain(
        'the last one with internal: The disk failed.',
      );
      await record('no-progress', temporal, scenario.handle.workflowId);
    });
  }, 60_000);

  it('ends as blob_corrupt when that is what its attempts end with', async () => {
    const fail = (): Promise<never> => {
      throw ApplicationFailure.retryable('The content is another.', 'blob_corrupt');
    };
    await runScenario(temporal, { snapshotDataset: fail }, async (scenario) => {
      expect(await scenario.handle.result()).toEqual({ state: 'failed', code: 'blob_corrupt' });
      expect(scenario.transitions.at(-1)?.error?.message).toMatch(
        /^10 attempts .* The content is another\.$/,
      );
    });
  }, 60_000);

  it('does not count attempts that end because what they need is away, their row was restored or their worker stops', async () => {
    let attempts = 0;
    let revoked = 0;
    const awayAtFirst = () => {
      attempts += 1;
      const types = ['database_unavailable', 'row_behind', 'storage_unavailable', 'hub_unavailable'] as const;
      // Between two stops nothing was away before, so that no wait grows.
      const type = attempts % 2 === 0 ? 'worker_stopping' : types[((attempts - 1) / 2) % types.length];
      if (attempts <= 11) throw ApplicationFailure.retryable('Away.', type);
      return Promise.resolve({ evaluationSha256: 'sha256:evaluation' });
    };
    const revokeAttempt = () => {
      revoked += 1;
      return Promise.resolve();
    };
    await runScenario(temporal, { evaluateBert: awayAtFirst, revokeAttempt }, async (scenario) => {
      expect(await scenario.handle.result()).toMatchObject({ state: 'succeeded' });
      expect({ attempts, revoked }).toEqual({ attempts: 12, revoked: 11 });
      await record('excused', temporal, scenario.handle.workflowId);
    });
  }, 60_000);

  it('answers queries for its progress and its latest checkpoint', async () => {
    const { activity, begun } = blocking();
    const trainUntilCancelled = async () => {
      await tellCheckpoint(temporal, 7);
      return activity();
    };
    await runScenario(temporal, { fineTuneBert: trainUntilCancelled }, async ({ handle }) => {
      await begun;
      expect(await handle.query(queryNames.progress)).toEqual({ state: 'training', sequence: 2 });
      expect(await training(handle).query(queryNames.latestCheckpoint)).toEqual({ step: 7, id: 'sha256:7' });
      expect(await training(handle).query(queryNames.progress)).toMatchObject({ attempts: 1 });
      await handle.signal(signalNames.cancel);
      await handle.result();
    });
  });
});

describe('a cancellation', () => {
  it.each(['snapshotDataset', 'fineTuneBert', 'evaluateBert'] as const)(
    'by signal during %s ends the experiment as cancelled',
    async (name) => {
      const { activity, begun } = blocking();
      await runScenario(temporal, { [name]: activity }, async (scenario) => {
        await begun;
        await scenario.handle.signal(signalNames.cancel);
        expect(await scenario.handle.result()).toEqual({ state: 'cancelled' });
        expect(scenario.transitions.at(-1)).toMatchObject({ state: 'cancelled', error: null });
        await record(`cancelled-${name}`, temporal, scenario.handle.workflowId);
      });
    },
  );

  it('made in Temporal itself ends the experiment as cancelled, there too', async () => {
    const { activity, begun } = blocking();
    await runScenario(temporal, { fineTuneBert: activity }, async (scenario) => {
      await begun;
      await scenario.handle.cancel();
      await expect(scenario.handle.result()).rejects.toMatchObject({
        cause: expect.any(CancelledFailure) as CancelledFailure,
      });
      expect((await scenario.handle.describe()).status.name).toBe('CANCELLED');
      expect(scenario.transitions.at(-1)).toMatchObject({ state: 'cancelled' });
      await record('cancelled-in-temporal', temporal, scenario.handle.workflowId);
    });
  });

  it('waits for training to keep its last steps', async () => {
    let kept = false;
    const { activity, begun } = blocking();
    const keepAtTheEnd = async () => {
      try {
        return await activity();
      } catch (error) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        kept = true;
        throw error;
      }
    };
    await runScenario(temporal, { fineTuneBert: keepAtTheEnd }, async ({ handle }) => {
      await begun;
      await handle.signal(signalNames.cancel);
      await handle.result();
      expect(kept).toBe(true);
    });
  });
});
