// What a fork takes over when its parent changes meanwhile.
import { expect, it } from 'vitest';
import { newExperimentId } from '../../src/experiment/id.ts';
import { lineageOfFork } from '../../src/experiment/lineage.ts';
import { noTimes, profileOf, progressAt, projectId, stepsFrom, submit, useDatabase } from './fixture.ts';

const opened = useDatabase();

it('leaves out a checkpoint that its parent has given up since it was looked at', async () => {
  const { attempts, checkpoints, database, events, experiments, ledger } = opened.repositories;
  const parent = await submit(opened.repositories);
  const holder = await attempts.beginAttempt({ ...parent, phase: 'training', host: 'host' });
  const profile = { profile: profileOf(2), threads: 2, provider: 'cpu', startStep: 0 };
  await attempts.setAttemptProfile(holder, profile);
  await ledger.recordSteps(holder, { steps: stepsFrom(1, 30), progress: progressAt(30), times: noTimes });
  for (const step of [10, 20])
    await checkpoints.commitCheckpoint(holder, {
      step,
      id: `sha256:${step}`,
      stateSha256: `sha256:${step}`,
      sizeBytes: 1,
    });
  const found = [20, 10].map((step) => ({
    parentId: `sha256:${step}`,
    own: { step, id: `sha256:own${step}`, stateSha256: `sha256:own${step}`, sizeBytes: 1, stored: [] },
  }));
  await database.run((queries) => queries.checkpoint.deleteMany({ where: { ...parent, step: 20 } }));
  const record = await experiments.require(parent);
  const { experimentId } = await experiments.create({
    projectId,
    id: newExperimentId(),
    spec: record.spec,
    fork: { parent, step: 25, lineage: lineageOfFork(record, 25), checkpoints: found },
    idempotency: null,
    respond: () => '',
  });
  const child = { projectId, experimentId };
  const kept = await checkpoints.listCheckpoints(child, { limit: 10 });
  expect(kept.map(({ step }) => step)).toEqual([10]);
  expect((await ledger.ledger(child, { fromStep: 1, limit: 100 })).map(({ step }) => step)).toHaveLength(25);
  const told = await events.eventsAfter(child, 0, 10);
  expect(told.find(({ type }) => type === 'forked')?.data).toMatchObject({ step: 25, computedFrom: 10 });
});
