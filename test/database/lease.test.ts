// One writer: every write of an attempt is refused once a newer attempt holds the lease, and after the end.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LeaseHolder } from '../../src/database/lock.ts';
import type { Repositories } from '../../src/database/repositories.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import { open, progressAt, stepsFrom, submit, type OpenedDatabase } from './fixture.ts';
import { startTestPostgres, type TestPostgres } from './postgres.ts';

let postgres: TestPostgres;
let opened: OpenedDatabase;

beforeAll(async () => {
  postgres = await startTestPostgres();
  opened = open(await postgres.migrated());
});

afterAll(async () => {
  await opened.database.close();
  await postgres.stop();
});

const begin = (reference: ExperimentReference) =>
  opened.repositories.attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });

const profile = { profile: { threads: 2 }, threads: 2, provider: 'cpu', startStep: 0 };
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
    (r, holder) => r.ledger.recordSteps(holder, { steps: stepsFrom(1, 2), progress: progressAt(2) }),
  ],
  [
    'commitCheckpoint',
    (r, holder) => r.checkpoints.commitCheckpoint(holder, { step: 0, id: 'sha256:a', sizeBytes: 1 }),
  ],
  ['setSnapshot', (r, holder) => r.results.setSnapshot(holder, snapshot)],
  [
    'setEvaluation',
    (r, holder) => r.results.setEvaluation(holder, { metrics: {}, reportSha256: 'sha256:b' }),
  ],
  ['finishAttempt', (r, holder) => r.attempts.finishAttempt(holder, { cause: 'completed' })],
];

async function everything(reference: ExperimentReference): Promise<unknown> {
  const { database, repositories } = opened;
  const where = { projectId: reference.projectId, experimentId: reference.experimentId };
  return [
    await repositories.experiments.require(reference),
    await database.run((queries) => queries.attempt.findMany({ where, orderBy: { lease: 'asc' } })),
    await database.run((queries) => queries.checkpoint.findMany({ where })),
    await database.run((queries) => queries.ledgerStep.findMany({ where })),
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
        profile: { cpu: 'avx2', threads },
        threads,
      });
      segments.push(segment);
    }
    expect(segments).toEqual([0, 0, 1, 1, 2]);
    expect(await opened.repositories.attempts.firstProfile(reference)).toEqual({
      profile: { cpu: 'avx2', threads: 2 },
      threads: 2,
    });
  });
});
