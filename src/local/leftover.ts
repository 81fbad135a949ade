// Ends what an earlier stack left running on a data directory, when it was killed before it could stop its parts.
import { processesOf } from './process-identity.ts';
import { until } from './until.ts';

const gentleSeconds = 5;
const forcedSeconds = 10;

/**
 * Ends every process that an earlier stack on this directory has started. To be called under the directory's lock.
 *
 * @returns how many there were.
 */
export async function endLeftovers(dataDirectory: string): Promise<number> {
  const leftovers = processesOf(dataDirectory);
  if (leftovers.length === 0) return 0;
  // SIGINT is PostgreSQL's fast shutdown, and everybody else's request to stop.
  signalAll(leftovers, 'SIGINT');
  const gone = () => processesOf(dataDirectory).length === 0;
  try {
    await until(gone, { timeoutSeconds: gentleSeconds, what: 'the end of an earlier stack' });
  } catch {
    // Some did not stop in time: the directory must be ours alone before anything is started on it.
    signalAll(processesOf(dataDirectory), 'SIGKILL');
    await until(gone, { timeoutSeconds: forcedSeconds, what: 'the end of an earlier stack' });
  }
  return leftovers.length;
}

function signalAll(processIds: readonly number[], signal: NodeJS.Signals): void {
  for (const processId of processIds) {
    try {
      process.kill(processId, signal);
    } catch {
      // Ended meanwhile: that is what was wanted.
    }
  }
}
