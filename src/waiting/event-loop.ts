// Lets the event loop turn in the midst of long computing, so that whoever waits for a sign of life gets one.
import { setImmediate as nextRound } from 'node:timers/promises';

const longestStretchMilliseconds = 100;

/** To be awaited often: what it returns is there only where other work is to go on first. */
export type YieldToOthers = () => Promise<void> | undefined;

/**
 * A function to be awaited often: most calls do nothing, and one in every tenth of a second lets other work go on.
 *
 * @param onProgress called each time that it does; what it throws ends the work.
 */
export function yieldRegularly(onProgress: () => void): YieldToOthers {
  let last = performance.now();
  return () => {
    if (performance.now() - last < longestStretchMilliseconds) return undefined;
    onProgress();
    return nextRound().then(() => {
      last = performance.now();
    });
  };
}

/** Calls `visit` with 0, 1, … up to, not including, `count`, and yields to others in between. */
export async function forEachYielding(
  count: number,
  yieldToOthers: YieldToOthers,
  visit: (index: number) => void,
): Promise<void> {
  for (let index = 0; index < count; index++) {
    visit(index);
    const others = yieldToOthers();
    // To await nothing costs more than most visits.
    if (others) await others;
  }
}
