// The frame of an attempt: a lease at its start, a cause at its end.
import { CancelledFailure } from '@temporalio/activity';
import type { AttemptCause } from '../../src/database/transition-repository.ts';
import type { AttemptPhase } from '../../src/database/experiment-record.ts';
import type { LeaseHolder } from '../../src/database/lock.ts';
import { CodedError, messageOf } from '../../src/error.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import type { ActivityDependencies } from './dependencies.ts';

/**
 * Runs `work` under a new lease, which takes the right to write from every earlier attempt of the experiment.
 *
 * @param causeOf why the attempt ended, when `work` returned.
 */
export async function runAttempt<T>(
  { repositories, host, log }: ActivityDependencies,
  { projectId, experimentId }: ExperimentReference,
  phase: AttemptPhase,
  work: (holder: LeaseHolder) => Promise<T>,
  causeOf: (result: T) => AttemptCause = () => 'completed',
): Promise<T> {
  const holder = await repositories.attempts.beginAttempt({ projectId, experimentId, phase, host });
  try {
    const result = await work(holder);
    await repositories.attempts.finishAttempt(holder, { cause: causeOf(result) });
    return result;
  } catch (error) {
    const cause = error instanceof CancelledFailure ? 'cancelled' : 'failed';
    const message = error instanceof CodedError ? error.message : 'The worker met an unexpected fault.';
    // A lease that is lost or a database that is away must not hide the fault itself.
    await repositories.attempts
      .finishAttempt(holder, { cause, ...(cause === 'failed' && { message }) })
      .catch((failure: unknown) =>
        log.warn({ reason: messageOf(failure), holder }, 'the end of an attempt was not noted'),
      );
    throw error;
  }
}
