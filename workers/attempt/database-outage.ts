// Waits for a database that is away, so that an outage costs an attempt time and not its work.
import type { Context } from '@temporalio/activity';
import { CodedError } from '../../src/error.ts';

/** Between two tries, and between two heartbeats while a call to the database goes on, which has an end of its own. */
const pauseMilliseconds = 2_000;
/** Whoever has work that would be lost waits this long. */
export const longestOutageSeconds = 60;
/** A worker that is being stopped must keep its work within its grace time: all its waits together take no longer. */
const longestWhileStoppingSeconds = 6;

export interface OutagePatience {
  /** Called before each pause. */
  readonly heartbeat: () => void;
  /** Waits; what it throws ends the waiting. */
  readonly pause: (milliseconds: number) => Promise<unknown>;
  /** A worker that is being stopped waits for a few seconds more: a restarted database is back by then. */
  readonly stopping: AbortSignal;
  /** From the first failure on. Left out: as long as it takes. */
  readonly mostSeconds?: number;
}

/** The patience of an activity: its pauses are cut short by its cancellation. */
export const patienceOf = (
  activity: Pick<Context, 'heartbeat' | 'sleep'>,
  stopping: AbortSignal,
): OutagePatience => ({
  heartbeat: () => activity.heartbeat(),
  pause: (milliseconds) => activity.sleep(milliseconds),
  stopping,
});

/**
 * Calls the database, and calls it again every two seconds while it is away; heartbeats too while an answer is long in coming.
 * The call must be safe to repeat: a write whose answer was lost may have been done.
 *
 * @throws CodedError `database_unavailable` when the patience is at its end; whatever else `call` or the pause throws.
 */
export function throughOutage<T>(patience: OutagePatience, call: () => Promise<T>): Promise<T> {
  return againAfterOutage(patience, async () => {
    const beating = setInterval(patience.heartbeat, pauseMilliseconds);
    try {
      return await call();
    } finally {
      clearInterval(beating);
    }
  });
}

/**
 * The same for work that is long and itself tells of its progress: only its pauses are heartbeats.
 *
 * @throws CodedError `database_unavailable` when the patience is at its end; whatever else `work` or the pause throws.
 */
export async function againAfterOutage<T>(
  { heartbeat, pause, stopping, mostSeconds = Infinity }: OutagePatience,
  work: () => Promise<T>,
): Promise<T> {
  let last: number | undefined;
  const hurry = (): void => {
    if (last !== undefined) last = Math.min(last, lastWhileStopping(stopping));
  };
  stopping.addEventListener('abort', hurry);
  try {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof CodedError) || error.code !== 'database_unavailable') throw error;
        last ??= performance.now() + mostSeconds * 1000;
        if (stopping.aborted) hurry();
        if (performance.now() >= last) throw error;
      }
      heartbeat();
      await pause(pauseMilliseconds);
    }
  } finally {
    stopping.removeEventListener('abort', hurry);
  }
}

/** Until when waits may last that the stop of a worker was noticed in, or after: the same for all of them. */
const ends = new WeakMap<AbortSignal, number>();

function lastWhileStopping(stopping: AbortSignal): number {
  const end = ends.get(stopping) ?? performance.now() + longestWhileStoppingSeconds * 1000;
  ends.set(stopping, end);
  return end;
}
