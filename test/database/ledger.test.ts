// The ledger: bits come back as they were, repeats must be equal, and there is never a gap.
import { describe, expect, it } from 'vitest';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import { profileOf, noTimes, progressAt, stepsFrom, submit, useDatabase } from './fixture.ts';

const opened = useDatabase();

async function beginWith(threads: number, earlier?: LeaseHolder, startStep = 0): Promise<LeaseHolder> {
  const { attempts } = opened.repositories;
  const reference = earlier ?? (await submit(opened.repositories));
  const holder = await attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
  await attempts.setAttemptProfile(holder, {
    profile: profileOf(threads),
    threads,
    provider: 'cpu',
    startStep,
  });
  return holder;
}

const record = (holder: LeaseHolder, steps: ReturnType<typeof stepsFrom>) =>
  opened.repositories.ledger.recordSteps(holder, {
    steps,
    progress: progressAt(steps.at(-1)?.step ?? 0),
    times: noTimes,
  });
const whole = { fromStep: 1, limit: 10_000 };

describe('recording steps', () => {
  it('gives every bit back, counts the steps and moves the progress', async () => {
    const holder = await beginWith(2);
    await record(holder, stepsFrom(1, 2500));
    const entries = await opened.repositories.ledger.ledger(holder, whole);
    expect(entries).toEqual(stepsFrom(1, 2500).map((step) => ({ ...step, lease: holder.lease, segment: 0 })));
    const [attempt] = await opened.repositories.attempts.listAttempts(holder);
    expect(attempt).toMatchObject({ stepsDone: 2500, stepsRepeated: 0 });
    expect((await opened.repositories.experiments.require(holder)).progress).toEqual(progressAt(2500));
  });

  it('takes equal steps again, keeps the first writer’s lease and counts them as repeated', async () => {
    const first = await beginWith(2);
    await record(first, stepsFrom(1, 10));
    const second = await beginWith(2, first, 5);
    await record(second, stepsFrom(6, 10));
    const entries = await opened.repositories.ledger.ledger(first, whole);
    expect(entries.map(({ lease }) => lease)).toEqual([
      ...Array<number>(10).fill(1),
      ...Array<number>(5).fill(2),
    ]);
    expect((await opened.repositories.attempts.listAttempts(first))[1]).toMatchObject({
      stepsDone: 10,
      stepsRepeated: 5,
    });
  });

  it('counts a write once that was made again, since its answer was lost', async () => {
    const holder = await beginWith(2);
    await record(holder, stepsFrom(1, 10));
    await record(holder, stepsFrom(11, 10));
    await record(holder, stepsFrom(11, 10));
    expect((await opened.repositories.attempts.listAttempts(holder))[0]).toMatchObject({
      stepsDone: 20,
      stepsRepeated: 0,
    });
  });

  it.each(['lossBits', 'gradientNormBits', 'learningRate', 'examples'] as const)(
    'refuses a repeated step whose %s differs, names it, and changes nothing',
    async (field) => {
      const first = await beginWith(2);
      await record(first, stepsFrom(1, 10));
      const second = await beginWith(2, first);
      const before = await opened.repositories.ledger.ledger(first, whole);
      const steps = stepsFrom(1, 12).map((step) =>
        step.step >= 7 ? { ...step, [field]: step[field] * 0.5 } : step,
      );
      await expect(record(second, steps)).rejects.toMatchObject({
        code: 'divergence',
        message: expect.stringContaining('Step 7 ') as string,
      });
      expect(await opened.repositories.ledger.ledger(first, whole)).toEqual(before);
    },
  );

  it('replaces steps on another profile and shows their segment', async () => {
    const first = await beginWith(2);
    await record(first, stepsFrom(1, 4));
    const second = await beginWith(4, first);
    await record(
      second,
      stepsFrom(3, 3).map((step) => ({ ...step, lossBits: 7 })),
    );
    const entries = await opened.repositories.ledger.ledger(first, whole);
    expect(entries.map(({ step, segment, lossBits }) => [step, segment, lossBits === 7])).toEqual([
      [1, 0, false],
      [2, 0, false],
      [3, 1, true],
      [4, 1, true],
      [5, 1, true],
    ]);
  });

  it('begins anew where another profile had gone on, also when the profile is then the same again', async () => {
    const first = await beginWith(2);
    await record(first, stepsFrom(1, 90));
    const second = await beginWith(4, first);
    await record(
      second,
      stepsFrom(91, 60).map((step) => ({ ...step, lossBits: 7 })),
    );
    // Its checkpoints are broken, say: this attempt goes on from before the change, and computes other bits.
    const third = await beginWith(4, first, 69);
    await record(
      third,
      stepsFrom(70, 100).map((step) => ({ ...step, lossBits: 8 })),
    );
    const entries = await opened.repositories.ledger.ledger(first, whole);
    expect(entries.map(({ step }) => step)).toEqual(stepsFrom(1, 169).map(({ step }) => step));
    expect(new Set(entries.slice(69).map(({ lossBits, segment }) => [lossBits, segment].join()))).toEqual(
      new Set(['8,1']),
    );
    expect(entries.slice(0, 69).every(({ segment, lease }) => segment === 0 && lease === first.lease)).toBe(
      true,
    );
    const told = await opened.repositories.events.eventsAfter(first, 0, 100);
    expect(told.filter(({ type }) => /segment|Replaced/.test(type)).map(({ data }) => data)).toEqual([
      { segment: 1, afterStep: 0, changed: { threads: { before: 2, now: 4 } } },
      { fromStep: 70, toStep: 150, differs: 'lossBits', before: stepsFrom(70, 1)[0]?.lossBits, now: 8 },
    ]);
    expect((await opened.repositories.attempts.listAttempts(first))[2]).toMatchObject({
      stepsDone: 100,
      stepsRepeated: 81,
    });
  });

  it('compares what the same profile had recorded before another one went on, and keeps it', async () => {
    const first = await beginWith(2);
    await record(first, stepsFrom(1, 100));
    const second = await beginWith(4, first, 100);
    await record(second, stepsFrom(101, 20));
    const third = await beginWith(2, first, 80);
    const wrong = stepsFrom(81, 5).map((step) => ({ ...step, lossBits: (step.lossBits ^ 1) >>> 0 }));
    await expect(record(third, wrong)).rejects.toMatchObject({ code: 'divergence' });
    await record(third, stepsFrom(81, 50));
    const entries = await opened.repositories.ledger.ledger(first, whole);
    expect(entries.map(({ segment }) => segment)).toEqual([
      ...Array<number>(100).fill(0),
      ...Array<number>(30).fill(2),
    ]);
    const told = await opened.repositories.events.eventsAfter(first, 0, 100);
    expect(told.filter(({ type }) => type === 'stepsReplaced').map(({ data }) => data)).toMatchObject([
      { fromStep: 101, toStep: 120 },
    ]);
  });

  it('drops the checkpoints of steps that are replaced', async () => {
    const first = await beginWith(2);
    await record(first, stepsFrom(1, 90));
    const { checkpoints } = opened.repositories;
    for (const step of [30, 60, 90])
      await checkpoints.commitCheckpoint(first, {
        step,
        id: `sha256:${step}`,
        stateSha256: '',
        sizeBytes: 1,
      });
    const second = await beginWith(4, first);
    await record(second, stepsFrom(31, 5));
    expect(await checkpoints.listCheckpoints(first, { limit: 10 })).toMatchObject([{ step: 30 }]);
    expect((await opened.repositories.ledger.ledger(first, whole)).map(({ step }) => step)).toEqual(
      stepsFrom(1, 35).map(({ step }) => step),
    );
  });

  it('takes at most 64 bytes a step, also when each is written by itself', async () => {
    const holder = await beginWith(2);
    for (const step of stepsFrom(1, 300)) await record(holder, [step]);
    const [{ bytes } = { bytes: Infinity }] = await opened.database.run(
      (queries) => queries.$queryRaw<{ bytes: number }[]>`
        SELECT sum(pg_column_size(ledger_chunk.*))::int AS bytes FROM ledger_chunk
        WHERE experiment_id = ${holder.experimentId}`,
    );
    expect(bytes / 300).toBeLessThan(64);
    expect(bytes / 300).toBeGreaterThan(20);
    expect(await opened.repositories.ledger.ledger(holder, whole)).toHaveLength(300);
  });

  it('refuses a gap within the steps and one before them', async () => {
    const holder = await beginWith(2);
    await record(holder, stepsFrom(1, 2));
    await expect(record(holder, stepsFrom(4, 1))).rejects.toMatchObject({ code: 'internal' });
    await expect(record(holder, [...stepsFrom(3, 1), ...stepsFrom(5, 1)])).rejects.toMatchObject({
      code: 'internal',
    });
  });
});

describe('checkpoints', () => {
  const commit = (holder: LeaseHolder, step: number, id: string, stateSha256 = id) =>
    opened.repositories.checkpoints.commitCheckpoint(holder, {
      step,
      id,
      stateSha256,
      sizeBytes: 5_000_000_000,
    });

  it('are committed once however often it is tried, newest first', async () => {
    const holder = await beginWith(2);
    await record(holder, stepsFrom(1, 4));
    for (const step of [2, 2, 4]) await commit(holder, step, `sha256:${step}`);
    const { checkpoints, events } = opened.repositories;
    expect(await checkpoints.listCheckpoints(holder, { limit: 10 })).toMatchObject([
      { step: 4 },
      { step: 2 },
    ]);
    expect(await checkpoints.listCheckpoints(holder, { limit: 10, beforeStep: 4 })).toMatchObject([
      { step: 2 },
    ]);
    expect(await checkpoints.latestCheckpoint(holder)).toMatchObject({
      id: 'sha256:4',
      sizeBytes: 5_000_000_000,
    });
    const told = await events.eventsAfter(holder, 0, 100);
    expect(told.filter(({ type }) => type === 'checkpointCommitted')).toHaveLength(2);
  });

  it('are refused before their steps are in the ledger', async () => {
    const holder = await beginWith(2);
    await record(holder, stepsFrom(1, 3));
    await expect(commit(holder, 4, 'sha256:4')).rejects.toMatchObject({ code: 'internal' });
  });

  it('are replaced by one of the same state that remembers an evaluation which the first had missed', async () => {
    const first = await beginWith(2);
    await record(first, stepsFrom(1, 3));
    await commit(first, 3, 'sha256:before', 'sha256:state');
    const second = await beginWith(2, first);
    await commit(second, 3, 'sha256:after', 'sha256:state');
    expect(await opened.repositories.checkpoints.latestCheckpoint(second)).toMatchObject({
      id: 'sha256:after',
    });
    await expect(commit(second, 3, 'sha256:other', 'sha256:another')).rejects.toMatchObject({
      code: 'divergence',
    });
  });

  it('diverge when the same profile gives other bytes, and are replaced when another one does', async () => {
    const first = await beginWith(2);
    await record(first, stepsFrom(1, 3));
    await commit(first, 3, 'sha256:x');
    const second = await beginWith(2, first);
    await expect(commit(second, 3, 'sha256:y')).rejects.toMatchObject({ code: 'divergence' });
    const third = await beginWith(4, first);
    await commit(third, 3, 'sha256:y');
    expect(await opened.repositories.checkpoints.latestCheckpoint(first)).toMatchObject({ id: 'sha256:y' });
  });
});

describe('metrics', () => {
  it('keep the first and the last point within the number asked for', async () => {
    const holder = await beginWith(2);
    const float = new Float32Array(1);
    const bits = (value: number): number => {
      float[0] = value;
      return new Uint32Array(float.buffer)[0] ?? 0;
    };
    await record(
      holder,
      stepsFrom(1, 1001).map((step) => ({
        ...step,
        lossBits: step.step === 501 ? bits(NaN) : bits(step.step / 4),
      })),
    );
    const { metrics } = opened.repositories;
    for (const maxPoints of [2, 3, 7, 10, 1000, 1001, 5000]) {
      const points = await metrics.points(holder, 'loss', { fromStep: 1, toStep: 2_000_000_000, maxPoints });
      expect(points.length).toBeLessThanOrEqual(maxPoints);
      expect(points[0]).toEqual([1, 0.25]);
      expect(points.at(-1)).toEqual([1001, 250.25]);
    }
    expect(await metrics.points(holder, 'loss', { fromStep: 500, toStep: 502, maxPoints: 10 })).toEqual([
      [500, 125],
      [501, null],
      [502, 125.5],
    ]);
    expect(await metrics.points(holder, 'learningRate', { fromStep: 3, toStep: 3, maxPoints: 2 })).toEqual([
      [3, 3 / 3e7],
    ]);
    expect(
      await metrics.points(holder, 'gradientNorm', { fromStep: 5000, toStep: 6000, maxPoints: 2 }),
    ).toEqual([]);
  });
});
