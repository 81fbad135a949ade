// An experiment whose preparing, training or evaluating is tried again says why, and since when.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import type { AttemptCause, AttemptPhase } from '../../src/experiment/attempt.ts';
import { call, startService, submitExperiment, type Service } from './fixture.ts';

const away = 'The hub cannot be reached: connect ECONNREFUSED.';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

async function preparing(): Promise<{ projectId: string; experimentId: string }> {
  const reference = { projectId: 'default', experimentId: await submitExperiment(service) };
  const { transitions } = service.repositories;
  await transitions.recordTransition({ ...reference, sequence: 1, state: 'preparing', error: null });
  return reference;
}

const begin = (
  reference: { projectId: string; experimentId: string },
  phase: AttemptPhase = 'preparing',
): Promise<LeaseHolder> => service.repositories.attempts.beginAttempt({ ...reference, phase, host: 'host' });

async function attempt(
  reference: { projectId: string; experimentId: string },
  cause: AttemptCause,
  message?: string,
  phase?: AttemptPhase,
): Promise<void> {
  const holder = await begin(reference, phase);
  await service.repositories.attempts.finishAttempt(holder, {
    cause,
    ...(message !== undefined && { message }),
  });
}

interface Failing {
  readonly lastFailure: {
    readonly message: string;
    readonly since: string;
    readonly attempts: number;
  } | null;
}

const lastFailure = async (experimentId: string): Promise<Failing['lastFailure']> =>
  (await call(service, 'GET', `/experiments/${experimentId}`)).json<Failing>().lastFailure;

it('names the last failure and the time of the first in a row, also while the next attempt runs', async () => {
  const reference = await preparing();
  const { experimentId } = reference;
  expect(await lastFailure(experimentId)).toBeNull();
  await attempt(reference, 'failed', 'The hub answers 503.');
  const first = await lastFailure(experimentId);
  expect(first).toMatchObject({ message: 'The hub answers 503.', attempts: 1 });
  await attempt(reference, 'failed', away);
  await begin(reference);
  expect(await lastFailure(experimentId)).toEqual({ message: away, since: first?.since, attempts: 2 });
  expect(Math.abs(Date.now() - Date.parse(first?.since ?? ''))).toBeLessThan(60_000);
});

it('begins anew after an attempt that ended otherwise', async () => {
  const reference = await preparing();
  await attempt(reference, 'failed', 'The hub answers 503.');
  await attempt(reference, 'handedBack');
  expect(await lastFailure(reference.experimentId)).toBeNull();
  await attempt(reference, 'failed', away);
  expect(await lastFailure(reference.experimentId)).toMatchObject({ message: away, attempts: 1 });
});

it('is counted however often it comes', async () => {
  const reference = await preparing();
  for (let count = 0; count < 60; count += 1) await attempt(reference, 'failed', away);
  expect(await lastFailure(reference.experimentId)).toMatchObject({ attempts: 60 });
});

it('is of what the experiment is at: preparing, then training, then evaluating, and nothing once it has ended', async () => {
  const reference = await preparing();
  const { experimentId } = reference;
  const { transitions } = service.repositories;
  await attempt(reference, 'failed', away);
  for (const [sequence, phase] of [
    [2, 'training'],
    [3, 'evaluating'],
  ] as const) {
    await transitions.recordTransition({ ...reference, sequence, state: phase, error: null });
    expect(await lastFailure(experimentId)).toBeNull();
    await attempt(reference, 'failed', 'CUDA cannot be used here.', phase);
    await attempt(reference, 'failed', `There is no CUDA for ${phase}.`, phase);
    expect(await lastFailure(experimentId)).toMatchObject({
      message: `There is no CUDA for ${phase}.`,
      attempts: 2,
    });
  }
  await transitions.recordTransition({ ...reference, sequence: 4, state: 'cancelled', error: null });
  expect(await lastFailure(experimentId)).toBeNull();
});
