// The longest that an experiment may take, as a durable timer that stands still during pauses.
import { condition } from '@temporalio/workflow';

/**
 * Waits until so much time has passed outside of pauses, then calls `end`.
 *
 * @param isPaused is looked at whenever something happens to the workflow.
 * @throws CancelledFailure when the workflow is cancelled.
 */
export async function afterDuration(
  seconds: number,
  isPaused: () => boolean,
  end: () => void,
): Promise<void> {
  for (let leftMilliseconds = seconds * 1000; leftMilliseconds > 0;) {
    await condition(() => !isPaused());
    const from = Date.now();
    await condition(isPaused, leftMilliseconds);
    leftMilliseconds -= Date.now() - from;
  }
  end();
}
