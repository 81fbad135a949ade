// What a training worker does first when it takes the place of one that died: it says so, and the next attempt begins at once.
import { messageOf } from '../src/error.ts';
import { failTrainingOf, workerIdentity } from '../src/temporal/lost-worker.ts';
import type { ActivityDependencies } from './activities/dependencies.ts';

/** A process trains one experiment at a time; attempts of other workers of this machine are looked at too. */
const mostAttempts = 100;
const callTimeoutSeconds = 5;

/**
 * Ends the attempt that a dead process was at. Where that fails, Temporal notices its silence a little later.
 *
 * @param predecessorProcess number of a process of this machine that is gone.
 */
export async function endAttemptOf(
  predecessorProcess: number,
  {
    repositories,
    temporal,
    host,
    log,
  }: Pick<ActivityDependencies, 'repositories' | 'temporal' | 'host' | 'log'>,
): Promise<void> {
  try {
    const identity = workerIdentity(predecessorProcess, host);
    for (const { experimentId } of await repositories.attempts.trainingOn(host, mostAttempts)) {
      const failed = await temporal.withDeadline(Date.now() + callTimeoutSeconds * 1000, () =>
        failTrainingOf(temporal, experimentId, identity),
      );
      if (failed > 0)
        log.info({ experimentId, predecessorProcess }, 'ended the attempt of a worker that died');
    }
  } catch (error) {
    log.warn(
      { reason: messageOf(error), predecessorProcess },
      'the attempt of a worker that died was not ended',
    );
  }
}
