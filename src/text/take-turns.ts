// Lets the event loop turn in the midst of long computing, so that whoever waits for a sign of life gets one.
import { setImmediate as turn } from 'node:timers/promises';

const longestStretchMilliseconds = 100;

/** To be awaited often: what it returns is there only where other work is to have its turn. */
export type Turn = () => Promise<void> | undefined;

/**
 * A function to be awaited often: most calls do nothing, and one in every tenth of a second lets other work have its turn.
 *
 * @param onProgress called at each turn; what it throws ends the work.
 */
export function takeTurns(onProgress: () => void): Turn {
  let last = performance.now();
  return () => {
    if (performance.now() - last < longestStretchMilliseconds) return undefined;
    onProgress();
    return turn().then(() => {
      last = performance.now();
    });
  };
}

/** Calls `visit` with 0, 1, … up to, not including, `count`, and lets others have their turn in between. */
export async function inTurns(count: number, turn: Turn, visit: (index: number) => void): Promise<void> {
  for (let index = 0; index < count; index++) {
    visit(index);
    const others = turn();
    // To await nothing costs more than most visits.
    if (others) await others;
  }
}
