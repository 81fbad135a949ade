// What a worker does first when it takes the place of one that died: it says so, and the next attempts begin at once.
import type { Config } from '../src/config.ts';
import { messageOf } from '../src/error.ts';
import { failActivitiesOf, workerIdentity } from '../src/temporal/lost-worker.ts';
import type { ActivityDependencies } from './activities/dependencies.ts';

/** A process has few attempts at a time; those of other workers of this machine are looked at too. */
const mostAttempts = 100;
const callTimeoutSeconds = 5;

/** Ends the attempts and verifications that a dead process was at. Where that fails, Temporal notices its silence a little later. */
export async function endAttemptsOfPredecessor(
  {
    repositories,
    temporal,
    host,
    log,
  }: Pick<ActivityDependencies, 'repositories' | 'temporal' | 'host' | 'log'>,
  { predecessorProcess }: Pick<Config, 'predecessorProcess'>,
): Promise<void> {
  if (predecessorProcess === null) return;
  try {
    const identity = workerIdentity(predecessorProcess, host);
    const attempts = await repositories.attempts.openOn(host, mostAttempts);
    const experiments = new Set(attempts.map(({ experimentId }) => experimentId));
    const verifications = await repositories.verifications.runningOn(host, mostAttempts);
    for (const workflowId of [...experiments, ...verifications]) {
      const failed = await temporal.withDeadline(Date.now() + callTimeoutSeconds * 1000, () =>
        failActivitiesOf(temporal, workflowId, identity),
      );
      if (failed > 0) log.info({ workflowId, predecessorProcess }, 'ended an attempt of a worker that died');
    }
  } catch (error) {
    log.warn(
      { reason: messageOf(error), predecessorProcess },
      'the attempts of a worker that died were not ended',
    );
  }
}
