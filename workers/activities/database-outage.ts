// Waits for a database that is away, so that an outage costs an attempt time and not its work.
import { CodedError } from '../../src/error.ts';

/** Between two tries, and between two heartbeats while a try goes on: the database bounds how long it takes. */
const pauseMilliseconds = 2_000;
/** Whoever has work that would be lost waits this long. */
export const longestOutageSeconds = 60;
/** A worker that is being stopped must keep its work within its grace time. */
const longestWhileStoppingSeconds = 6;

export interface OutagePatience {
  /** Called before each pause and while an answer is long in coming. */
  readonly heartbeat: () => void;
  /** Waits; what it throws ends the waiting. */
  readonly pause: (milliseconds: number) => Promise<unknown>;
  /** A worker that is being stopped waits for a few seconds more: a restarted database is back by then. */
  readonly stopping: AbortSignal;
  /** Left out: as long as it takes. */
  readonly mostSeconds?: number;
}

/**
 * Does `work`, and does it again every two seconds while the database is away. It must be safe to repeat: a write whose
 * answer was lost may have been done.
 *
 * @throws CodedError `database_unavailable` when the patience is at its end; whatever else `work` or the pause throws.
 */
export async function throughOutage<T>(
  { heartbeat, pause, stopping, mostSeconds = Infinity }: OutagePatience,
  work: () => Promise<T>,
): Promise<T> {
  let last = performance.now() + mostSeconds * 1000;
  const hurry = (): void => {
    last = Math.min(last, performance.now() + longestWhileStoppingSeconds * 1000);
  };
  if (stopping.aborted) hurry();
  else stopping.addEventListener('abort', hurry, { once: true });
  try {
    return await untilAnswered({ heartbeat, pause, isOver: () => performance.now() >= last }, work);
  } finally {
    stopping.removeEventListener('abort', hurry);
  }
}

async function untilAnswered<T>(
  {
    heartbeat,
    pause,
    isOver,
  }: Pick<OutagePatience, 'heartbeat' | 'pause'> & { readonly isOver: () => boolean },
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    const beating = setInterval(heartbeat, pauseMilliseconds);
    try {
      return await work();
    } catch (error) {
      const isOutage = error instanceof CodedError && error.code === 'database_unavailable';
      if (!isOutage || isOver()) throw error;
    } finally {
      clearInterval(beating);
    }
    heartbeat();
    await pause(pauseMilliseconds);
  }
}
