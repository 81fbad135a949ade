// How an activity ends when its worker is being stopped: unlike a cancellation, another worker goes on with it.
import { ApplicationFailure, CancelledFailure, type Context } from '@temporalio/activity';

const failureType = 'worker_stopping';

/**
 * Ends an activity that should work no longer. A stop goes before a cancellation, which follows it when the worker's
 * grace time is over and then means nothing to the experiment.
 *
 * @throws ApplicationFailure `worker_stopping`, to be tried again; CancelledFailure.
 */
export function throwIfEnding(
  stopping: AbortSignal,
  { cancellationSignal }: Pick<Context, 'cancellationSignal'>,
): void {
  if (stopping.aborted) throw ApplicationFailure.retryable('The worker is being stopped.', failureType);
  if (cancellationSignal.aborted) throw new CancelledFailure('The activity was cancelled.');
}

/**
 * What long work calls as it gets on: a heartbeat, and the end of an activity that should work no longer.
 *
 * @returns a function that throws what {@link throwIfEnding} throws.
 */
export function progressOf(
  { stopping }: { readonly stopping: AbortSignal },
  activity: Pick<Context, 'cancellationSignal' | 'heartbeat'>,
): () => void {
  return () => {
    throwIfEnding(stopping, activity);
    activity.heartbeat();
  };
}

/** Whether an error is that of {@link throwIfEnding} for a stop. */
export function isWorkerStopping(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === failureType;
}
