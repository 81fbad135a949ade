// What a worker does first when it takes the place of one that died: it says so, and the next attempts begin at once.
import type { Config } from '../src/config.ts';
import { messageOf } from '../src/thrown.ts';
import type { Logger } from '../src/log.ts';
import { failActivitiesOf, workerIdentity } from '../src/temporal/lost-worker.ts';
import type { ActivityDependencies } from './attempt/dependencies.ts';
import { callWithin } from '../src/temporal/call-within.ts';

/** A process has few attempts at a time; those of other workers of this machine are looked at too. */
const mostAttempts = 100;
/** For what is asked about one workflow. */
const callTimeoutSeconds = 5;
/** For all of them: a worker must not wait for long before it polls. */
const roundSeconds = 20;

/**
 * Ends the attempts and verifications that dead processes were at. Where that fails, for one or for all, Temporal notices its silence
 * a little later.
 */
export async function endAttemptsOfPredecessor(
  {
    repositories,
    temporal,
    host,
    log,
  }: Pick<ActivityDependencies, 'repositories' | 'temporal' | 'host' | 'log'>,
  { predecessorProcesses }: Pick<Config, 'predecessorProcesses'>,
): Promise<void> {
  if (predecessorProcesses.length === 0) return;
  const identities = predecessorProcesses.map((process) => workerIdentity(process, host));
  const roundEnd = Date.now() + roundSeconds * 1000;
  for (const workflowId of await workflowsOn(host, repositories, log)) {
    const now = Date.now();
    if (now >= roundEnd)
      return log.warn({ predecessorProcesses }, 'not all attempts of workers that died were ended');
    try {
      const failed = await callWithin(temporal, Math.min(callTimeoutSeconds, (roundEnd - now) / 1000), () =>
        failActivitiesOf(temporal, workflowId, identities),
      );
      if (failed > 0) log.info({ workflowId, predecessorProcesses }, 'ended an attempt of workers that died');
    } catch (error) {
      log.warn(
        { workflowId, reason: messageOf(error), predecessorProcesses },
        'the attempts of workers that died were not ended',
      );
    }
  }
}

/** Experiments and verifications that workers of a machine are at; none where the database does not answer. */
async function workflowsOn(
  host: string,
  { attempts, verifications }: ActivityDependencies['repositories'],
  log: Logger,
): Promise<readonly string[]> {
  try {
    const experiments = (await attempts.openOn(host, mostAttempts)).map(({ experimentId }) => experimentId);
    return [...new Set(experiments), ...(await verifications.runningOn(host, mostAttempts))];
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'the attempts of workers that died are not known');
    return [];
  }
}
