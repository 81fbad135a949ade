// One verification: hands it to a training worker, through the loss of any of them, and notes the verdict. It changes nothing
// of its experiment.
import { ActivityFailure, proxyActivities } from '@temporalio/workflow';
import type {
  CoordinatorVerificationActivities,
  TrainingVerificationActivities,
} from '../../src/experiment/activity.ts';
import { taskQueues } from '../../src/experiment/name.ts';
import type { VerificationInput } from '../../src/experiment/activity.ts';
import type { Verdict } from '../../src/experiment/verification.ts';
import { describeFailure } from './failure.ts';
import { persistent } from './retry.ts';

const { verifySteps } = proxyActivities<TrainingVerificationActivities>({
  taskQueue: taskQueues.training,
  startToCloseTimeout: '365 days',
  // Longer than any step or reading takes: nobody waits for a lost attempt to be noticed.
  heartbeatTimeout: '2 minutes',
  retry: { initialInterval: '2 s', backoffCoefficient: 1, maximumAttempts: 10 },
});

const { recordVerdict } = proxyActivities<CoordinatorVerificationActivities>(persistent);

export async function VerificationWorkflow(input: VerificationInput): Promise<Verdict> {
  const { verdict, host } = await verifySteps(input).catch((error: unknown) => {
    if (!(error instanceof ActivityFailure)) throw error;
    const { code, message } = describeFailure(error);
    const reason = `It could not be computed again: ${code}: ${message}`;
    return { verdict: { state: 'undecided', firstDifferentStep: null, reason } as const, host: null };
  });
  await recordVerdict({ ...input, verdict, host });
  return verdict;
}
