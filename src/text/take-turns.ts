// Lets the event loop turn in the midst of long computing, so that whoever waits for a sign of life gets one.
import { setImmediate as turn } from 'node:timers/promises';

const longestStretchMilliseconds = 100;

/**
 * A function to be awaited often: most calls do nothing, and one in every tenth of a second lets other work have its turn.
 *
 * @param onProgress called at each turn; what it throws ends the work.
 */
export function takeTurns(onProgress: () => void): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < longestStretchMilliseconds) return undefined;
    onProgress();
    return turn().then(() => {
      last = performance.now();
    });
  };
}
