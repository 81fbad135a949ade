// An experiment that may take so long and no longer.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signalNames } from '../../../src/experiment/name.ts';
import { until } from '../../../src/local/until.ts';
import { startTemporal, type TestTemporal } from '../../temporal-server.ts';
import { record } from './record-history.ts';
import { runScenario, statesOf, tellCheckpoint, untilCancelled } from './workflow-harness.ts';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

/** Trains without end, and keeps a checkpoint when it is cancelled. */
async function trainOn(): Promise<never> {
  try {
    return await untilCancelled();
  } catch (error) {
    await tellCheckpoint(temporal, 7);
    throw error;
  }
}

describe('an experiment with a limit of its duration', () => {
  it('fails as overdue when it has not ended by then, with its last steps kept', async () => {
    await runScenario(
      temporal,
      { fineTuneBert: trainOn },
      async (scenario) => {
        expect(await scenario.handle.result()).toEqual({ state: 'failed', code: 'duration_exceeded' });
        expect(statesOf(scenario)).toEqual(['preparing', 'training', 'failed']);
        expect(scenario.transitions.at(-1)?.error?.message).toContain('its limits.durationSeconds');
        await record('duration-exceeded', temporal, scenario.handle.workflowId);
      },
      { durationSeconds: 2 },
    );
  });

  it.each(['snapshotDataset', 'evaluateBert'] as const)('also within %s', async (activity) => {
    await runScenario(
      temporal,
      { [activity]: untilCancelled },
      async ({ handle }) => {
        expect(await handle.result()).toEqual({ state: 'failed', code: 'duration_exceeded' });
      },
      { durationSeconds: 1 },
    );
  });

  it('is not affected when it ends in time', async () => {
    await runScenario(
      temporal,
      {},
      async ({ handle }) => {
        expect(await handle.result()).toMatchObject({ state: 'succeeded' });
      },
      { durationSeconds: 60 },
    );
  });

  it('ends as cancelled where its user was first', async () => {
    await runScenario(
      temporal,
      { fineTuneBert: trainOn },
      async (scenario) => {
        await until(() => Promise.resolve(statesOf(scenario).includes('training')), {
          timeoutSeconds: 10,
          what: 'the training',
        });
        await scenario.handle.signal(signalNames.cancel);
        expect(await scenario.handle.result()).toEqual({ state: 'cancelled' });
      },
      { durationSeconds: 30 },
    );
  });

  it('does not lose the time of its pauses', async () => {
    const limitSeconds = 4;
    await runScenario(
      temporal,
      { fineTuneBert: trainOn },
      async (scenario) => {
        const { handle } = scenario;
        const reached = (state: string, times: number) =>
          until(() => Promise.resolve(statesOf(scenario).filter((each) => each === state).length === times), {
            timeoutSeconds: 10,
            what: state,
          });
        await reached('training', 1);
        await handle.signal(signalNames.pause);
        await reached('paused', 1);
        await delay((limitSeconds + 1) * 1000);
        expect(statesOf(scenario).at(-1)).toBe('paused');
        await handle.signal(signalNames.resume);
        await reached('training', 2);
        const resumedAt = Date.now();
        expect(await handle.result()).toEqual({ state: 'failed', code: 'duration_exceeded' });
        expect(Date.now() - resumedAt).toBeGreaterThan(1000);
        await record('duration-exceeded-after-pause', temporal, handle.workflowId);
      },
      { durationSeconds: limitSeconds },
    );
  }, 30_000);
});
