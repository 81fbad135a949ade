// A run of training under a watchdog: whenever the engine's turn is on, its silence is counted, and never while it waits for us.
import type { TrainingEvent, TrainingRun } from '../../src/training/job.ts';
import type { Watchdog } from './watchdog.ts';

type Watch = Pick<Watchdog, 'watch' | 'rest'>;

/** The same run; also the end of its thread is watched, which leaving the iteration and `abandon` wait for. */
export function watchedRun(run: TrainingRun, watchdog: Watch): TrainingRun {
  return {
    ...run,
    events: watchedEvents(run.events, watchdog),
    async abandon() {
      watchdog.watch();
      try {
        await run.abandon();
      } finally {
        watchdog.rest();
      }
    },
  };
}

async function* watchedEvents(
  events: AsyncIterable<TrainingEvent>,
  watchdog: Watch,
): AsyncGenerator<TrainingEvent, void, undefined> {
  watchdog.watch();
  try {
    for await (const event of events) {
      watchdog.rest();
      try {
        yield event;
      } finally {
        // Also before the iteration is left: that waits for the thread's end.
        watchdog.watch();
      }
    }
  } finally {
    watchdog.rest();
  }
}
