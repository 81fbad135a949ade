// One writer: every write of an attempt is refused once a newer attempt holds the lease, and after the end.
import { describe, expect, it } from 'vitest';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import type { Repositories } from '../../src/database/repositories.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import { profileOf, noTimes, progressAt, stepsFrom, submit, useDatabase } from './fixture.ts';

const opened = useDatabase();

const begin = (reference: ExperimentReference) =>
  opened.repositories.attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });

const profile = { profile: profileOf(2), threads: 2, provider: 'cpu', startStep: 0 };
const snapshot = {
  id: 'snap_1',
  sha256: 'sha256:1',
  rows: { train: 1, evaluation: 1, leftOut: 0 },
  labels: [],
  tokens: 1,
};

/** Every function that takes a holder. */
const writes: readonly [string, (repositories: Repositories, holder: LeaseHolder) => Promise<unknown>][] = [
  ['setAttemptProfile', (r, holder) => r.attempts.setAttemptProfile(holder, profile)],
  [
    'recordSteps',
    (r, holder) =>
      r.ledger.recordSteps(holder, { steps: stepsFrom(1, 2), progress: progressAt(2), times: noTimes }),
  ],
  [
    'commitCheckpoint',
    (r, holder) =>
      r.checkpoints.commitCheckpoint(holder, {
        step: 0,
        id: 'sha256:a',
        stateSha256: 'sha256:a',
        sizeBytes: 1,
      }),
  ],
  ['setSnapshot', (r, holder) => r.results.setSnapshot(holder, snapshot)],
  [
    'setEvaluation',
    (r, holder) => r.results.setEvaluation(holder, { metrics: {}, reportSha256: 'sha256:b' }),
  ],
  ['finishAttempt', (r, holder) => r.attempts.finishAttempt(holder, { cause: 'completed' })],
];

/** All that is known of an experiment, but for the note that an attempt was refused. */
async function everything(reference: ExperimentReference): Promise<unknown> {
  const { database, repositories } = opened;
  const where = { projectId: reference.projectId, experimentId: reference.experimentId };
  return [
    await repositories.experiments.require(reference),
    await database.run((queries) =>
      queries.attempt.findMany({ where, orderBy: { lease: 'asc' }, omit: { refusedAt: true } }),
    ),
    await database.run((queries) => queries.checkpoint.findMany({ where })),
    await database.run((queries) => queries.ledgerChunk.findMany({ where })),
    await database.run((queries) => queries.event.findMany({ where })),
  ];
}

describe.each(writes)('%s', (_name, write) => {
  it('is taken from the newest attempt', async () => {
    const holder = await begin(await submit(opened.repositories));
    await expect(write(opened.repositories, holder)).resolves.not.toThrow();
  });

  it('is refused to an attempt that was replaced, and changes nothing', async () => {
    const reference = await submit(opened.repositories);
    const stale = await begin(reference);
    await begin(reference);
    const before = await everything(reference);
    await expect(write(opened.repositories, stale)).rejects.toMatchObject({ code: 'lease_lost' });
    expect(await everything(reference)).toEqual(before);
  });

  it('is refused when the experiment has ended, and changes nothing', async () => {
    const reference = await submit(opened.repositories);
    const holder = await begin(reference);
    await opened.repositories.transitions.recordTransition({
      ...reference,
      sequence: 1,
      state: 'cancelled',
      error: null,
    });
    const before = await everything(reference);
    await expect(write(opened.repositories, holder)).rejects.toMatchObject({ code: 'lease_lost' });
    expect(await everything(reference)).toEqual(before);
  });
});

describe('revoking', () => {
  it('ends the open attempt as lost and refuses its holder at once, and the next attempt goes on', async () => {
    const reference = await submit(opened.repositories);
    const holder = await begin(reference);
    await opened.repositories.attempts.revoke(reference);
    for (const [, write] of writes)
      await expect(write(opened.repositories, holder)).rejects.toMatchObject({ code: 'lease_lost' });
    expect(await opened.repositories.attempts.listAttempts(reference)).toMatchObject([{ cause: 'lost' }]);
    const next = await begin(reference);
    expect(next.lease).toBeGreaterThan(holder.lease + 1);
    await opened.repositories.attempts.finishAttempt(next, { cause: 'completed' });
  });

  it('changes nothing when no attempt is open or the experiment has ended', async () => {
    const reference = await submit(opened.repositories);
    const holder = await begin(reference);
    await opened.repositories.attempts.finishAttempt(holder, { cause: 'handedBack' });
    const idle = await everything(reference);
    await opened.repositories.attempts.revoke(reference);
    expect(await everything(reference)).toEqual(idle);
    expect((await begin(reference)).lease).toBe(holder.lease + 1);
    await opened.repositories.transitions.endWithoutWorkflow(reference, 'cancelled');
    const ended = await everything(reference);
    await opened.repositories.attempts.revoke(reference);
    expect(await everything(reference)).toEqual(ended);
  });
});

describe('the end of an attempt', () => {
  it('is told in one form, however it comes', async () => {
    const { attempts, events, transitions } = opened.repositories;
    const reference = await submit(opened.repositories);
    await attempts.finishAttempt(await begin(reference), { cause: 'failed', message: 'x'.repeat(3000) });
    await begin(reference);
    await attempts.revoke(reference);
    await begin(reference);
    await begin(reference);
    await transitions.endWithoutWorkflow(reference, 'cancelled');
    const told = await events.eventsAfter(reference, 0, 100);
    expect(told.flatMap(({ type, data }) => (type === 'attemptEnded' ? [data] : []))).toEqual([
      { lease: 1, phase: 'training', cause: 'failed', message: 'x'.repeat(2000) },
      { lease: 2, phase: 'training', cause: 'lost', message: null },
      { lease: 4, phase: 'training', cause: 'lost', message: null },
      { lease: 5, phase: 'training', cause: 'cancelled', message: null },
    ]);
  });
});

describe('an attempt that comes back after it was replaced', () => {
  const ends = async (reference: ExperimentReference) =>
    (await opened.repositories.attempts.listAttempts(reference)).map(({ refusedAt }) => refusedAt !== null);

  it('is noted as refused, and only that one', async () => {
    const { attempts } = opened.repositories;
    const reference = await submit(opened.repositories);
    const holders = [await begin(reference), await begin(reference), await begin(reference)] as const;
    await expect(attempts.finishAttempt(holders[1], { cause: 'failed' })).rejects.toMatchObject({
      code: 'lease_lost',
    });
    expect(await ends(reference)).toEqual([false, true, false]);
  });

  it('is not noted where it had ended by itself', async () => {
    const { attempts } = opened.repositories;
    const reference = await submit(opened.repositories);
    const first = await begin(reference);
    await attempts.finishAttempt(first, { cause: 'handedBack' });
    await begin(reference);
    await expect(attempts.finishAttempt(first, { cause: 'failed' })).rejects.toThrow();
    expect(await ends(reference)).toEqual([false, false]);
  });
});

describe('an attempt', () => {
  it('is refused when the experiment has ended', async () => {
    const reference = await submit(opened.repositories);
    await opened.repositories.transitions.recordTransition({
      ...reference,
      sequence: 1,
      state: 'failed',
      error: { code: 'internal', message: 'm' },
    });
    await expect(begin(reference)).rejects.toMatchObject({ code: 'transition_not_allowed' });
  });

  it('gets another lease than every other one, also when 20 begin at once', async () => {
    const reference = await submit(opened.repositories);
    const holders = await Promise.all(Array.from({ length: 20 }, () => begin(reference)));
    expect(holders.map(({ lease }) => lease).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    const attempts = await opened.repositories.attempts.listAttempts(reference);
    expect(attempts.filter(({ endedAt }) => endedAt === null).map(({ lease }) => lease)).toEqual([20]);
    expect(attempts.slice(0, 19).every(({ cause }) => cause === 'lost')).toBe(true);
  });

  it('tells its profile’s segment: the same profile keeps it, another one opens the next', async () => {
    const reference = await submit(opened.repositories);
    const segments: number[] = [];
    for (const threads of [2, 2, 4, 4, 2]) {
      const holder = await begin(reference);
      const { segment } = await opened.repositories.attempts.setAttemptProfile(holder, {
        ...profile,
        profile: profileOf(threads),
        threads,
      });
      segments.push(segment);
    }
    expect(segments).toEqual([0, 0, 1, 1, 2]);
    expect(await opened.repositories.attempts.firstProfile(reference)).toEqual(profileOf(2));
  });
});
