// Work of the engine within an activity: signs of life, its end when it is told to stop, and that of an engine that hangs.
import type { Context } from '@temporalio/activity';
import { whileWaiting } from '../../src/waiting/while-waiting.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { Watchdog } from './watchdog.ts';
import { throwIfEnding } from './worker-stopping.ts';

/** What the work is given: it is to stop by the signal, and to tell of progress. */
interface EngineOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * Works until done, a stop or a cancellation. Until the first progress a session is opened, which takes as long as the model
 * is large and ends by itself; from then on each heartbeat is one of the engine, and one that hangs ends the process.
 *
 * @throws what the work throws; what `throwIfEnding` throws where the work is to end.
 */
export async function whileEngineWorks<Result>(
  dependencies: Pick<ActivityDependencies, 'stopping' | 'endProcess' | 'log'>,
  activity: Pick<Context, 'heartbeat' | 'cancellationSignal' | 'info'>,
  work: (options: EngineOptions) => Promise<Result>,
): Promise<Result> {
  const { stopping } = dependencies;
  throwIfEnding(stopping, activity);
  const watchdog = new Watchdog(dependencies, activity);
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  try {
    const working = work({
      signal: AbortSignal.any([stopping, activity.cancellationSignal]),
      onProgress(done, total) {
        begin();
        activity.heartbeat({ done, total });
        watchdog.watch();
      },
    });
    await whileWaiting(() => activity.heartbeat(), Promise.race([begun, working]));
    return await working;
  } catch (error) {
    throwIfEnding(stopping, activity);
    throw error;
  } finally {
    watchdog.rest();
  }
}
