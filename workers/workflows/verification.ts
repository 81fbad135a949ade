// One verification: hands it to a training worker, through the loss of any of them, and notes the verdict. It changes nothing
// of its experiment.
import {
  continueAsNew,
  isCancellation,
  patched,
  proxyActivities,
  TemporalFailure,
} from '@temporalio/workflow';
import type { TrainingVerificationActivities } from '../../src/experiment/activity.ts';
import { taskQueues } from '../../src/experiment/name.ts';
import type { VerificationInput } from '../../src/experiment/activity.ts';
import { undecided, type Verdict } from '../../src/experiment/verification.ts';
import type { FailedAttempts } from '../../src/experiment/workflow.ts';
import { describeFailure } from './failure.ts';
import { recordVerdict } from './lasting-writes.ts';
import { afterFaultWithoutLease, isTimeForNewRun, noneFailed, once } from './retry.ts';

const { verifySteps } = proxyActivities<TrainingVerificationActivities>({
  taskQueue: taskQueues.training,
  startToCloseTimeout: '365 days',
  // Longer than any step or reading takes: nobody waits for a lost attempt to be noticed.
  heartbeatTimeout: '2 minutes',
  retry: once,
});

/**
 * Tries until the span is computed. What cannot be, through a final fault or ten that count, ends as `undecided`.
 *
 * @param fruitless attempts that counted before a long history went on here.
 * @param away the last ones before, in a row, that ended since what they need was away.
 * @throws CancelledFailure when it is cancelled in Temporal itself.
 */
export async function VerificationWorkflow(
  input: VerificationInput,
  fruitless = noneFailed.fruitless,
  away = noneFailed.away,
): Promise<Verdict> {
  const { verdict, host } = await computed(input, { fruitless, away }).catch(undecidedAfter);
  await recordVerdict({ ...input, verdict, host });
  return verdict;
}

async function computed(
  input: VerificationInput,
  before: FailedAttempts,
): ReturnType<TrainingVerificationActivities['verifySteps']> {
  for (let failed = before; ;) {
    try {
      return await verifySteps(input);
    } catch (error) {
      // What older code began, Temporal itself has tried again.
      if (isCancellation(error) || !patched('verification-tries-again')) throw error;
      failed = await afterFaultWithoutLease(error, failed);
    }
    if (isTimeForNewRun())
      await continueAsNew<typeof VerificationWorkflow>(input, failed.fruitless, failed.away);
  }
}

/** @throws what is no failure of an activity: cancellations, and the going on in a new run. */
function undecidedAfter(error: unknown): { readonly verdict: Verdict; readonly host: null } {
  if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
  const { code, message } = describeFailure(error);
  return { verdict: undecided(`It could not be computed again: ${code}: ${message}`), host: null };
}
