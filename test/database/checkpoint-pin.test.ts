// Checkpoints that another experiment needs: kept by retention and from deletion until it has ended.
import { expect, it } from 'vitest';
import { pinCheckpoint } from '../../src/database/checkpoint-pin.ts';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import { profileOf, noTimes, progressAt, stepsFrom, submit, useDatabase } from './fixture.ts';

const opened = useDatabase();

async function begin(): Promise<LeaseHolder> {
  const { attempts, ledger, transitions } = opened.repositories;
  const reference = await submit(opened.repositories);
  await transitions.recordTransition({ ...reference, sequence: 1, state: 'training', error: null });
  const holder = await attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
  await attempts.setAttemptProfile(holder, {
    profile: profileOf(1),
    threads: 1,
    provider: 'cpu',
    startStep: 0,
  });
  await ledger.recordSteps(holder, { steps: stepsFrom(1, 50), progress: progressAt(50), times: noTimes });
  return holder;
}

const commit = (holder: LeaseHolder, step: number) =>
  opened.repositories.checkpoints.commitCheckpoint(holder, {
    step,
    id: `sha256:${step}`,
    stateSha256: `sha256:${step}`,
    sizeBytes: 1,
    retention: { keepLast: 1, needsSteps: [] },
  });

const stepsOf = async (holder: LeaseHolder): Promise<number[]> =>
  (await opened.repositories.checkpoints.listCheckpoints(holder, { limit: 10 })).map(({ step }) => step);

it('a pinned checkpoint stays until who needs it has ended', async () => {
  const { database, repositories } = opened;
  const holder = await begin();
  const [first, second] = [await submit(repositories), await submit(repositories)];
  for (const [step, by] of [
    [10, first],
    [20, second],
  ] as const) {
    await commit(holder, step);
    const pin = { ...holder, step, pinnedBy: by.experimentId };
    await database.transaction((queries) => pinCheckpoint(queries, pin));
    await database.transaction((queries) => pinCheckpoint(queries, pin));
  }
  await commit(holder, 30);
  expect(await stepsOf(holder)).toEqual([30, 20, 10]);
  await repositories.transitions.recordTransition({ ...first, sequence: 9, state: 'failed', error: null });
  await commit(holder, 40);
  expect(await stepsOf(holder)).toEqual([40, 20]);
  await repositories.transitions.recordTransition({ ...holder, sequence: 9, state: 'failed', error: null });
  await expect(repositories.experiments.delete(holder)).rejects.toMatchObject({ code: 'in_use' });
  await repositories.transitions.recordTransition({
    ...second,
    sequence: 9,
    state: 'cancelled',
    error: null,
  });
  await repositories.experiments.delete(holder);
  expect(await repositories.experiments.get(holder)).toBeUndefined();
});

it('a checkpoint that is not kept cannot be pinned', async () => {
  const holder = await begin();
  const { experimentId: pinnedBy } = await submit(opened.repositories);
  for (const step of [10, 20]) await commit(holder, step);
  const pinAt = (reference: LeaseHolder, step: number) =>
    opened.database.transaction((queries) => pinCheckpoint(queries, { ...reference, step, pinnedBy }));
  await expect(pinAt(holder, 10)).rejects.toMatchObject({ code: 'no_checkpoint' });
  await expect(pinAt({ ...holder, experimentId: 'exp_none' }, 20)).rejects.toMatchObject({
    code: 'not_found',
  });
});
