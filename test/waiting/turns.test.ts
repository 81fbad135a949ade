import { describe, expect, it } from 'vitest';
import { CodedError } from '../../src/error.ts';
import { Turns } from '../../src/waiting/turns.ts';

const refusal = (): CodedError => new CodedError('too_many_uploads', 'Too many.');

/** Work that ends when it is told to. */
function work(): { readonly run: () => Promise<string>; readonly end: () => void; hasBegun: boolean } {
  let end: () => void = () => undefined;
  const promise = new Promise<string>((resolve) => (end = () => resolve('done')));
  const made = {
    hasBegun: false,
    run: () => {
      made.hasBegun = true;
      return promise;
    },
    end: () => end(),
  };
  return made;
}

/** Lets everything go on that waits for no timer. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('work that takes turns', () => {
  it('begins at once while turns are free, then in the order in which it came', async () => {
    const turns = new Turns({ atOnce: 2, waitSeconds: 60, standstillSeconds: 60, refusal });
    const works = [work(), work(), work(), work()];
    const results = works.map(({ run }) => turns.take(run));
    const begun = async (): Promise<boolean[]> => {
      await settled();
      return works.map(({ hasBegun }) => hasBegun);
    };
    expect(await begun()).toEqual([true, true, false, false]);
    works[1]?.end();
    expect(await begun()).toEqual([true, true, true, false]);
    works[0]?.end();
    expect(await begun()).toEqual([true, true, true, true]);
    for (const { end } of works) end();
    expect(await Promise.all(results)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('gives its place up when the wait is ended, and takes no turn from others', async () => {
    const turns = new Turns({ atOnce: 1, waitSeconds: 60, standstillSeconds: 60, refusal });
    const [first, second, third] = [work(), work(), work()];
    const gone = new AbortController();
    const running = turns.take(first.run);
    const leaving = turns.take(second.run, gone.signal);
    const last = turns.take(third.run);
    gone.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    first.end();
    third.end();
    expect(await Promise.all([running, last])).toEqual(['done', 'done']);
    expect(second.hasBegun).toBe(false);
    await expect(turns.take(second.run, gone.signal)).rejects.toThrow('gone');
  });

  it('passes its turn on when it fails', async () => {
    const turns = new Turns({ atOnce: 1, waitSeconds: 60, standstillSeconds: 60, refusal });
    const failing = turns.take(() => Promise.reject(new Error('it failed')));
    const next = turns.take(() => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('it failed');
    expect(await next).toBe('done');
    expect(await turns.take(() => Promise.resolve('again'))).toBe('again');
  });

  it('is refused when nothing moves, and whoever comes later has a turn again', async () => {
    const turns = new Turns({ atOnce: 1, waitSeconds: 60, standstillSeconds: 0.05, refusal });
    const hung = work();
    const holder = turns.take(hung.run);
    const refused = work();
    await expect(turns.take(refused.run)).rejects.toMatchObject({ code: 'too_many_uploads' });
    hung.end();
    await holder;
    expect(await turns.take(() => Promise.resolve('done'))).toBe('done');
    expect(refused.hasBegun).toBe(false);
  });

  it('waits longer than a standstill while others move on, and not longer than its limit', async () => {
    const turns = new Turns({ atOnce: 1, waitSeconds: 0.5, standstillSeconds: 0.15, refusal });
    const begin = performance.now();
    const ended: number[] = [];
    const slow = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 80));
      ended.push(performance.now() - begin);
    };
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => turns.take(slow)));
    const served = results.filter(({ status }) => status === 'fulfilled').length;
    expect(served).toBeGreaterThan(3);
    expect(served).toBeLessThan(12);
    expect(ended.at(-1)).toBeGreaterThan(300);
  });
});
