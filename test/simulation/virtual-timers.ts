// Puts the simulation's clock in the place of the global timers, for code that waits and looks at the time by itself.
import type { Scheduler } from './scheduler.ts';

/** Milliseconds since 1970 at which every simulation begins. */
const beginning = Date.UTC(2026, 0, 1);

/** @returns puts the real ones back. */
export function installTimers(scheduler: Scheduler): () => void {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval, now: Date.now };
  const cancels = new Map<object, () => void>();

  const begin = (work: () => void, milliseconds: number, repeats: boolean): object => {
    const handle = { unref: () => handle, ref: () => handle };
    const owner = scheduler.current;
    const next = (): void => {
      cancels.set(
        handle,
        scheduler.after(
          milliseconds,
          repeats ? 'interval' : 'timer',
          () => {
            cancels.delete(handle);
            if (repeats) next();
            work();
          },
          { owner },
        ),
      );
    };
    next();
    return handle;
  };
  const end = (handle: object | undefined): void => {
    if (handle === undefined) return;
    cancels.get(handle)?.();
    cancels.delete(handle);
  };

  Object.assign(globalThis, {
    setTimeout: (work: () => void, milliseconds = 0) => begin(work, milliseconds, false),
    setInterval: (work: () => void, milliseconds = 0) => begin(work, milliseconds, true),
    clearTimeout: end,
    clearInterval: end,
  });
  Date.now = () => Math.floor(beginning + scheduler.now + (scheduler.current?.clockSkewMilliseconds ?? 0));
  performance.now = () => scheduler.now;
  return () => {
    const { now, ...timers } = real;
    Object.assign(globalThis, timers);
    Date.now = now;
    // The real one is on the prototype.
    Reflect.deleteProperty(performance, 'now');
  };
}
