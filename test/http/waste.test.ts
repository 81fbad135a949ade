// Where the time of experiments went, over HTTP: of one, and of all by day and cause.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { progressAt, stepsFrom } from '../database/fixture.ts';
import {
  beginTraining,
  call,
  expectProblem,
  startService,
  submitExperiment,
  type Service,
} from './fixture.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

interface Told {
  readonly usefulSeconds: number;
  readonly repeatedSeconds: number;
  readonly evaluationSeconds: number;
  readonly pausedSeconds: number;
  readonly causes: readonly { readonly cause: string }[];
}

const wasteOf = async (id: string): Promise<Told> =>
  (await call(service, 'GET', `/experiments/${id}/waste`)).json<Told>();

/** Moves all that an experiment has done so far into the past. */
async function age(id: string, seconds: number): Promise<void> {
  const earlier = (column: string) => `${column} = ${column} - interval '${seconds} seconds'`;
  await service.repositories.database.run(async (queries) => {
    await queries.$executeRawUnsafe(
      `UPDATE attempt SET ${['started_at', 'ended_at', 'restored_at'].map(earlier).join()} WHERE experiment_id = $1`,
      id,
    );
    await queries.$executeRawUnsafe(`UPDATE experiment SET ${earlier('created_at')} WHERE id = $1`, id);
  });
}

describe('the time of one experiment', () => {
  it('is what its attempts have measured, and what lay between them', async () => {
    const { attempts, ledger, metrics } = service.repositories;
    const holder = await beginTraining(service);
    await age(holder.experimentId, 100);
    const times = { usefulSeconds: 60, repeatedSeconds: 8, checkpointSeconds: 2, evaluationSeconds: 0 };
    await ledger.recordSteps(holder, { steps: stepsFrom(26, 5), progress: progressAt(30), times });
    await metrics.recordEvaluation(holder, { step: 30, metrics: { accuracy: 1 }, evaluationSeconds: 5 });
    await attempts.revoke(holder);
    const told = await wasteOf(holder.experimentId);
    expect(told).toMatchObject({ usefulSeconds: 60, repeatedSeconds: 8, evaluationSeconds: 5 });
    expect(told.causes.map(({ cause }) => cause)).toContain('killed');
    await expect(attempts.finishAttempt(holder, { cause: 'failed' })).rejects.toThrow();
    const known = (await wasteOf(holder.experimentId)).causes.map(({ cause }) => cause);
    expect(known).toContain('stalled');
    expect(known).not.toContain('killed');
  });

  it('tells a pause by the states', async () => {
    const { attempts, transitions } = service.repositories;
    const { lease: _lease, token: _token, ...reference } = await beginTraining(service);
    await attempts.revoke(reference);
    const enter = (sequence: number, state: 'paused' | 'training') =>
      transitions.recordTransition({ ...reference, sequence, state, error: null });
    await enter(2, 'paused');
    await delay(300);
    await enter(3, 'training');
    const { pausedSeconds } = await wasteOf(reference.experimentId);
    expect(pausedSeconds).toBeGreaterThanOrEqual(0.3);
  });

  it('is there before anything was done, and not of an experiment that does not exist', async () => {
    expect(await wasteOf(await submitExperiment(service))).toMatchObject({ usefulSeconds: 0 });
    expectProblem(await call(service, 'GET', '/experiments/exp_none/waste'), 404, 'not_found');
  });
});

describe('the time of all experiments', () => {
  const wasteIn = (query: string) => call(service, 'GET', `/waste?${query}`);

  it('is told by day and cause, and each day with its share', async () => {
    const holder = await beginTraining(service);
    const twoDays = 2 * 86_400;
    await age(holder.experimentId, twoDays + 100);
    const times = { usefulSeconds: 60, repeatedSeconds: 0, checkpointSeconds: 20, evaluationSeconds: 0 };
    await service.repositories.ledger.recordSteps(holder, {
      steps: stepsFrom(26, 5),
      progress: progressAt(30),
      times,
    });
    await service.repositories.attempts.finishAttempt(holder, { cause: 'completed' });
    await service.repositories.database.run(
      (queries) => queries.$executeRaw`
        UPDATE attempt SET ended_at = ended_at - interval '2 days' WHERE experiment_id = ${holder.experimentId}`,
    );
    await service.repositories.transitions.endWithoutWorkflow(holder, 'cancelled');
    const body = (await wasteIn('')).json<{
      items: { day: string; cause: string; seconds: number }[];
      days: { day: string; usefulSeconds: number; wastedSeconds: number; usefulShare: number }[];
    }>();
    const stalls = body.items.filter(({ cause }) => cause === 'checkpoint');
    expect(stalls.reduce((total, { seconds }) => total + seconds, 0)).toBeGreaterThanOrEqual(20);
    for (const { day, usefulSeconds, wastedSeconds, usefulShare } of body.days) {
      const items = body.items.filter((item) => item.day === day);
      expect(items.reduce((total, { seconds }) => total + seconds, 0)).toBeCloseTo(wastedSeconds, 6);
      expect(usefulShare).toBeCloseTo(usefulSeconds / (usefulSeconds + wastedSeconds), 9);
    }
    expect(body.days.reduce((total, { usefulSeconds }) => total + usefulSeconds, 0)).toBeGreaterThanOrEqual(
      60,
    );
  });

  it('of days without any is empty', async () => {
    expect((await wasteIn('from=2020-01-01&to=2020-02-01')).json()).toEqual({ items: [], days: [] });
  });

  it.each([
    'from=2026-01-02&to=2026-01-01',
    'from=2020-01-01&to=2026-01-01',
    'from=yesterday',
    'from=2026-02-30',
    'to=0000-01-01',
    'to=0001-01-05',
  ])('is refused for %s', async (query) => {
    expectProblem(await wasteIn(query), 400, 'invalid_request');
  });
});
