// The frame of an attempt: a lease at its start, a cause at its end.
import { CancelledFailure, Context } from '@temporalio/activity';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import type { AttemptCause, AttemptPhase } from '../../src/experiment/attempt.ts';
import { CodedError, codedIfOutOfMemory } from '../../src/error.ts';
import { messageOf } from '../../src/thrown.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import { longestOutageSeconds, patienceOf, throughOutage } from './database-outage.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { isWorkerStopping } from './worker-stopping.ts';

/** What an attempt needs of the activities' dependencies. */
export type AttemptDependencies = Pick<ActivityDependencies, 'host' | 'log' | 'stopping'> & {
  readonly repositories: {
    readonly attempts: Pick<
      ActivityDependencies['repositories']['attempts'],
      'beginAttempt' | 'finishAttempt'
    >;
  };
};

/**
 * Runs `work` under a new lease, which takes the right to write from every earlier attempt of the experiment. While the
 * database is away, the attempt does not begin and waits: it would only be used up. Its end is tried for a minute.
 *
 * @param causeOf why the attempt ended, when `work` returned.
 * @throws what `work` throws, with a failure to allocate memory as CodedError `out_of_memory`; CodedError `database_unavailable` when the worker stops before the attempt began,
 * `transition_not_allowed` when the experiment has ended, `not_found`.
 */
export async function runAttempt<T>(
  { repositories, host, stopping, log }: AttemptDependencies,
  { projectId, experimentId }: ExperimentReference,
  phase: AttemptPhase,
  work: (holder: LeaseHolder) => Promise<T>,
  causeOf: (result: T) => AttemptCause = () => 'completed',
): Promise<T> {
  const patience = patienceOf(Context.current(), stopping);
  const holder = await throughOutage(patience, () =>
    repositories.attempts.beginAttempt({ projectId, experimentId, phase, host }),
  );
  // An attempt that was cancelled has its end noted, too: its pauses are not those that a cancellation cuts short.
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const lasting = { ...patience, pause, mostSeconds: longestOutageSeconds };
  const finish = (end: Parameters<typeof repositories.attempts.finishAttempt>[1]): Promise<void> =>
    throughOutage(lasting, () => repositories.attempts.finishAttempt(holder, end));
  const result = await work(holder).catch(async (thrown: unknown) => {
    const error = codedIfOutOfMemory(thrown);
    const cause = causeOfError(error);
    const message = error instanceof CodedError ? error.message : 'The worker met an unexpected fault.';
    // A lease that is lost or a database that is away must not hide the fault itself.
    await finish({ cause, ...(cause === 'failed' && { message }) }).catch((failure: unknown) =>
      log.warn({ reason: messageOf(failure), holder }, 'the end of an attempt was not noted'),
    );
    throw error;
  });
  await finish({ cause: causeOf(result) });
  return result;
}

function causeOfError(error: unknown): AttemptCause {
  if (error instanceof CancelledFailure) return 'cancelled';
  return isWorkerStopping(error) ? 'handedBack' : 'failed';
}
