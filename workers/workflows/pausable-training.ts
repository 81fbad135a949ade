// Training from its beginning to its end, however often it is paused: each pause ends one training workflow, and what
// follows it is the next.
import { CancellationScope, condition } from '@temporalio/workflow';
import { childWorkflowId, signalNames, workflowNames } from '../../src/experiment/name.ts';
import type { ExperimentState } from '../../src/experiment/state.ts';
import type { TrainingResult, TrainingWorkflowInput } from '../../src/experiment/workflow.ts';
import type { PauseRequests } from './pause-requests.ts';
import { startSoleChild } from './sole-child.ts';
import type { TrainingWorkflow } from './training.ts';

/**
 * Trains to the end. The experiment is in the state of training, and in that of a pause in between.
 *
 * @param enter records a state.
 * @returns the step of the last checkpoint.
 * @throws what the training workflow ends with.
 */
export async function trainThroughPauses(
  input: TrainingWorkflowInput,
  requests: PauseRequests,
  enter: (state: ExperimentState) => Promise<void>,
): Promise<number | null> {
  let next = input;
  for (let round = 1; ; round += 1) {
    while (requests.isPending) {
      await enter('paused');
      await requests.untilResumed();
      await enter('training');
    }
    const result = await trainUntilPause(next, requests, round);
    if (result.outcome !== 'paused') return result.latestCheckpoint?.step ?? null;
    next = { ...input, carried: result };
  }
}

async function trainUntilPause(
  input: TrainingWorkflowInput,
  requests: PauseRequests,
  round: number,
): Promise<TrainingResult> {
  const child = await startSoleChild<typeof TrainingWorkflow>(workflowNames.training, {
    workflowId: childWorkflowId.training(input.experimentId, round),
    args: [input],
  });
  const result = child.result();
  const end = (): 'ended' => 'ended';
  // A cancellation reaches the child by itself; it ends when its last steps are kept.
  const first = await CancellationScope.nonCancellable(() =>
    Promise.race([result.then(end, end), condition(() => requests.isPending).then((): 'paused' => 'paused')]),
  );
  // A child that has ended meanwhile knows no signal any more.
  if (first === 'paused') await child.signal(signalNames.pause).catch(() => undefined);
  return result;
}
