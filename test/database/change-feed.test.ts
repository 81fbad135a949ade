// Waiting for changes, and what happens when the server goes away and comes back.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ChangeFeed } from '../../src/database/change-feed.ts';
import { submit, useDatabase } from './fixture.ts';

const opened = useDatabase();
let feed: ChangeFeed;

beforeAll(async () => {
  feed = new ChangeFeed(opened.url);
  const listening = new Promise<void>((resolve) => feed.onOutbox(resolve));
  feed.start();
  await listening;
});

afterAll(async () => {
  await feed.stop();
});

describe('the change feed', () => {
  it('wakes who waits for an experiment when it changes, and not when another one does', async () => {
    const reference = await submit(opened.repositories);
    const other = await submit(opened.repositories);
    const watch = feed.watch(reference.experimentId);
    const otherWatch = feed.watch(other.experimentId);
    // Whatever the two submissions themselves have told comes before what is looked at here.
    await opened.repositories.requests.request(other, 'cancel');
    expect(await otherWatch.next(10)).toBe(true);
    await watch.next(0);
    await opened.repositories.requests.request(reference, 'cancel');
    expect(await watch.next(10)).toBe(true);
    otherWatch.close();
    watch.close();
  });

  it('tells of a change that came between reading and waiting', async () => {
    const reference = await submit(opened.repositories);
    const watch = feed.watch(reference.experimentId);
    const woken = vi.fn();
    const stop = feed.onOutbox(woken);
    await opened.repositories.requests.request(reference, 'cancel');
    await vi.waitFor(() => expect(woken).toHaveBeenCalled());
    expect(await watch.next(10)).toBe(true);
    stop();
    watch.close();
  });

  it('stops waiting after the time, and at once when the signal aborts', async () => {
    const watch = feed.watch('exp_none');
    expect(await watch.next(0.05)).toBe(false);
    const controller = new AbortController();
    const waiting = watch.next(600, controller.signal);
    controller.abort();
    expect(await waiting).toBe(false);
    expect(await watch.next(600, controller.signal)).toBe(false);
    watch.close();
  });

  it('listens again after the server was gone, and wakes everyone then', async () => {
    const reference = await submit(opened.repositories);
    const watch = feed.watch(reference.experimentId);
    await opened.postgres.kill();
    await expect(opened.repositories.experiments.get(reference)).rejects.toMatchObject({
      code: 'database_unavailable',
    });
    await expect(opened.repositories.requests.request(reference, 'cancel')).rejects.toMatchObject({
      code: 'database_unavailable',
    });
    await watch.next(0);
    const woken = watch.next(20);
    await opened.postgres.restart();
    expect(await woken).toBe(true);
    await opened.repositories.requests.request(reference, 'cancel');
    expect(await watch.next(10)).toBe(true);
    watch.close();
  });
});
