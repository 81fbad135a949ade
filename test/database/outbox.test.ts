// The outbox: in order for each experiment, one dispatcher at a time, and never lost with a dispatcher.
import { beforeEach, describe, expect, it } from 'vitest';
import { submit, useDatabase } from './fixture.ts';

const opened = useDatabase();

beforeEach(async () => {
  await opened.database.run((queries) => queries.outbox.deleteMany());
});

/** A moment after everything that was inserted so far, shifted. */
const later = (seconds = 0): Date => new Date(Date.now() + 5000 + seconds * 1000);

describe('the outbox', () => {
  it('gives each row to one of two dispatchers that claim at once', async () => {
    await Promise.all(Array.from({ length: 12 }, () => submit(opened.repositories)));
    const claim = async (): Promise<bigint[]> => {
      const ids: bigint[] = [];
      for (;;) {
        const row = await opened.repositories.outbox.claim(later());
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

  it('gives an experiment’s next row only when the one before was delivered', async () => {
    const { outbox, requests } = opened.repositories;
    const reference = await submit(opened.repositories);
    await requests.request(reference, 'cancel');
    const start = await outbox.claim(later());
    expect(start).toMatchObject({ ...reference, kind: 'start' });
    expect(await outbox.claim(later())).toBeUndefined();
    const notBefore = later(600);
    await outbox.postpone(start!, 'away', notBefore);
    expect(await outbox.claim(later(300))).toBeUndefined();
    expect(await outbox.nextDue()).toEqual(notBefore);
    const again = await outbox.claim(later(700));
    expect(again).toMatchObject({ kind: 'start', attempts: 1 });
    await outbox.delivered(again!);
    const cancel = await outbox.claim(later());
    expect(cancel).toMatchObject({ kind: 'cancel' });
    await outbox.delivered(cancel!);
    expect(await outbox.nextDue()).toBeUndefined();
  });

  it('does not let one experiment that waits hold up another', async () => {
    const { outbox } = opened.repositories;
    await submit(opened.repositories);
    const other = await submit(opened.repositories);
    const first = await outbox.claim(later());
    await outbox.postpone(first!, 'away', later(600));
    expect(await outbox.claim(later())).toMatchObject(other);
  });

  it('gives a row to another dispatcher 30 s after the first one claimed it and died', async () => {
    const { outbox } = opened.repositories;
    const reference = await submit(opened.repositories);
    const now = later();
    await outbox.claim(now);
    expect(await outbox.claim(new Date(now.getTime() + 29_999))).toBeUndefined();
    expect(await outbox.nextDue()).toEqual(new Date(now.getTime() + 30_000));
    expect(await outbox.claim(new Date(now.getTime() + 30_000))).toMatchObject(reference);
  });

  it('shows readers that a start is delayed from the first failure until it is delivered', async () => {
    const { outbox, experiments } = opened.repositories;
    const reference = await submit(opened.repositories);
    const before = await experiments.require(reference);
    const row = await outbox.claim(later());
    await outbox.postpone(row!, 'away', new Date());
    const delayed = await experiments.require(reference);
    expect(delayed.startDelayed).toBe(true);
    expect(delayed.version).toBeGreaterThan(before.version);
    await outbox.delivered((await outbox.claim(later()))!);
    const delivered = await experiments.require(reference);
    expect(delivered.startDelayed).toBe(false);
    expect(delivered.version).toBeGreaterThan(delayed.version);
  });
});
