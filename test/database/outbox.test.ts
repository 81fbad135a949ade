// The outbox: in order for each experiment, one dispatcher at a time, and never lost with a dispatcher.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { submit, useDatabase } from './fixture.ts';

const opened = useDatabase();

beforeEach(async () => {
  await opened.database.run((queries) => queries.outbox.deleteMany());
});
afterEach(() => void vi.useRealTimers());

/** Lets time go by for what is in the outbox. */
const pass = (seconds: number) =>
  opened.database.run(
    (queries) =>
      queries.$executeRaw`UPDATE outbox SET not_before = not_before - make_interval(secs => ${seconds}::float8)`,
  );

describe('the outbox', () => {
  it('gives each row to one of two dispatchers that claim at once', async () => {
    await Promise.all(Array.from({ length: 12 }, () => submit(opened.repositories)));
    const claim = async (): Promise<bigint[]> => {
      const ids: bigint[] = [];
      for (;;) {
        const row = await opened.repositories.outbox.claim();
        if (!row) return ids;
        ids.push(row.id);
      }
    };
    const [one, two] = await Promise.all([claim(), claim()]);
    const all = [...one, ...two].sort((a, b) => Number(a - b));
    expect(new Set(all).size).toBe(all.length);
    // A claimer may find nothing while the other holds the very row that it looks at; what it left comes next.
    all.push(...(await claim()));
    expect(all).toHaveLength(12);
  });

  it('numbers an experiment’s orders upwards: by the clock, and onwards where the clock was put back', async () => {
    const { outbox, requests } = opened.repositories;
    const began = Date.now();
    const reference = await submit(opened.repositories);
    const start = await outbox.claim();
    await outbox.delivered(start!);
    expect(start?.orderNumber).toBeGreaterThan(began - 60_000);
    expect(start?.orderNumber).toBeLessThan(Date.now() + 60_000);

    const ahead = began + 3_600_000;
    await opened.database.run(
      (queries) =>
        queries.$executeRaw`UPDATE experiment SET last_order = ${ahead}::bigint WHERE id = ${reference.experimentId}`,
    );
    await requests.request(reference, 'pause');
    const pause = await outbox.claim();
    await outbox.delivered(pause!);
    await requests.request(reference, 'resume');
    const resume = await outbox.claim();
    expect([pause?.orderNumber, resume?.orderNumber]).toEqual([ahead + 1, ahead + 2]);
  });

  it('gives an experiment’s next row only when the one before was delivered', async () => {
    const { outbox, requests } = opened.repositories;
    const reference = await submit(opened.repositories);
    await requests.request(reference, 'cancel');
    const start = await outbox.claim();
    expect(start).toMatchObject({ ...reference, kind: 'start' });
    expect(await outbox.claim()).toBeUndefined();
    await outbox.postpone(start!, 'away', 600);
    await pass(300);
    expect(await outbox.claim()).toBeUndefined();
    const untilDue = await outbox.secondsUntilDue();
    expect(untilDue).toBeGreaterThan(290);
    expect(untilDue).toBeLessThanOrEqual(300);
    await pass(300);
    const again = await outbox.claim();
    expect(again).toMatchObject({ kind: 'start', attempts: 1 });
    await outbox.delivered(again!);
    const cancel = await outbox.claim();
    expect(cancel).toMatchObject({ kind: 'cancel' });
    await outbox.delivered(cancel!);
    expect(await outbox.secondsUntilDue()).toBeUndefined();
  });

  it('does not let one experiment that waits hold up another', async () => {
    const { outbox } = opened.repositories;
    await submit(opened.repositories);
    const other = await submit(opened.repositories);
    const first = await outbox.claim();
    await outbox.postpone(first!, 'away', 600);
    expect(await outbox.claim()).toMatchObject(other);
  });

  it('gives a row to another dispatcher 30 s after the first one claimed it, or renewed that, and died', async () => {
    const { outbox } = opened.repositories;
    const reference = await submit(opened.repositories);
    const row = await outbox.claim();
    await pass(15);
    expect(await outbox.renew(row!)).toBe(true);
    await pass(20);
    expect(await outbox.claim()).toBeUndefined();
    const untilDue = await outbox.secondsUntilDue();
    expect(untilDue).toBeGreaterThan(5);
    expect(untilDue).toBeLessThanOrEqual(10);
    await pass(10);
    expect(await outbox.claim()).toMatchObject(reference);
  });

  it('takes nothing more from a dispatcher whose row another has claimed since', async () => {
    const { outbox } = opened.repositories;
    await submit(opened.repositories);
    const late = await outbox.claim();
    await pass(31);
    const row = await outbox.claim();
    expect(row?.id).toBe(late?.id);
    expect(await outbox.renew(late!)).toBe(false);
    await outbox.postpone(late!, 'away', 0);
    await outbox.delivered(late!);
    const untilDue = await outbox.secondsUntilDue();
    expect(untilDue).toBeGreaterThan(25);
    expect(await outbox.renew(row!)).toBe(true);
    await outbox.delivered(row!);
    expect(await outbox.secondsUntilDue()).toBeUndefined();
  });

  it('goes by the database’s clock, whatever that of the application says', async () => {
    const { outbox } = opened.repositories;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    const reference = await submit(opened.repositories);
    vi.setSystemTime(Date.now() - 7_200_000);
    const row = await outbox.claim();
    expect(row).toMatchObject(reference);
    expect(await outbox.claim()).toBeUndefined();
    await outbox.postpone(row!, 'away', 600);
    expect(await outbox.claim()).toBeUndefined();
    expect(await outbox.secondsUntilDue()).toBeGreaterThan(590);
  });

  it('counts a claim from when its turn came, not from when it was asked for', async () => {
    const { outbox } = opened.repositories;
    await submit(opened.repositories);
    const waitSeconds = 2;
    // All connections are taken for so long.
    const crowd = Array.from({ length: 10 }, () =>
      opened.database.run((queries) => queries.$queryRaw`SELECT pg_sleep(${waitSeconds})::text`),
    );
    expect(await outbox.claim()).toBeDefined();
    expect(await outbox.secondsUntilDue()).toBeGreaterThan(30 - waitSeconds / 2);
    await Promise.all(crowd);
  });

  it('shows readers that a start is delayed from the first failure until it is delivered', async () => {
    const { outbox, experiments } = opened.repositories;
    const reference = await submit(opened.repositories);
    const before = await experiments.require(reference);
    const row = await outbox.claim();
    await outbox.postpone(row!, 'away', 0);
    const delayed = await experiments.require(reference);
    expect(delayed.startDelayed).toBe(true);
    expect(delayed.version).toBeGreaterThan(before.version);
    await outbox.delivered((await outbox.claim())!);
    const delivered = await experiments.require(reference);
    expect(delivered.startDelayed).toBe(false);
    expect(delivered.version).toBeGreaterThan(delayed.version);
  });
});
