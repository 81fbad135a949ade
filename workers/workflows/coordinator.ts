// One experiment from its acceptance to its end: the order of phases, its states, and how it ends.
import {
  CancellationScope,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type {
  CoordinatorActivities,
  EvaluationActivities,
  EvaluationResult,
  ExperimentFailure,
} from '../../src/experiment/activity.ts';
import {
  childWorkflowId,
  queryNames,
  signalNames,
  taskQueues,
  workflowNames,
} from '../../src/experiment/name.ts';
import { isBefore, type ExperimentState } from '../../src/experiment/state.ts';
import type {
  CoordinatorProgress,
  CoordinatorResult,
  ExperimentWorkflowInput,
} from '../../src/experiment/workflow.ts';
import type { EvaluationWorkflow } from './evaluation.ts';
import { afterDuration } from './duration-limit.ts';
import { describeFailure } from './failure.ts';
import { once, persistent, untilSuccess } from './retry.ts';
import { startSoleChild } from './sole-child.ts';
import { tellSearchedState } from './searched-state.ts';
import { trainThroughPauses } from './pausable-training.ts';
import { PauseRequests } from './pause-requests.ts';

const { recordTransition, publishReport } = proxyActivities<CoordinatorActivities>(persistent);

const { snapshotDataset } = proxyActivities<EvaluationActivities>({
  taskQueue: taskQueues.evaluation,
  startToCloseTimeout: '24 h',
  heartbeatTimeout: '10 s',
  retry: once,
});

/**
 * Runs an experiment. One that stands somewhere already goes through its phases again, in which what is kept is found, and
 * enters only the states that are new to it. Its failure is a result, not an exception; only a cancellation made in Temporal itself is thrown, so
 * that the workflow ends as cancelled there too.
 */
export async function CoordinatorWorkflow(input: ExperimentWorkflowInput): Promise<CoordinatorResult> {
  const { projectId, experimentId } = input;
  let progress: CoordinatorProgress = input.continued ?? { state: 'queued', sequence: 0 };
  const { durationSeconds } = input;
  const phases = new CancellationScope();
  const pauses = new PauseRequests(progress.state === 'paused', input.orderNumber);
  setHandler(defineQuery<CoordinatorProgress>(queryNames.progress), () => progress);
  let stoppedBy: 'user' | 'limit' | undefined;
  const stop = (by: 'user' | 'limit'): void => {
    stoppedBy ??= by;
    phases.cancel();
  };
  setHandler(defineSignal(signalNames.cancel), () => stop('user'));
  if (durationSeconds !== undefined)
    afterDuration(
      durationSeconds,
      () => progress.state === 'paused',
      () => stop('limit'),
    ).catch(() => undefined);

  const enter = async (state: ExperimentState, error: ExperimentFailure | null = null): Promise<void> => {
    if (state === progress.state) return;
    progress = { state, sequence: progress.sequence + 1 };
    tellSearchedState(state);
    await recordTransition({ projectId, experimentId, ...progress, error });
  };
  const advance = async (state: ExperimentState): Promise<void> => {
    if (isBefore(progress.state, state)) await enter(state);
  };
  try {
    const { evaluationSha256 } = await phases.run(() => runPhases(input, pauses, enter, advance));
    await CancellationScope.nonCancellable(() => enter('succeeded'));
    return { state: 'succeeded', evaluationSha256 };
  } catch (error) {
    const isOverdue = stoppedBy === 'limit' && !CancellationScope.current().consideredCancelled;
    if (isCancellation(error) && !isOverdue) {
      await CancellationScope.nonCancellable(() => enter('cancelled'));
      // Cancelled through Temporal itself, the workflow must end as cancelled there too.
      if (CancellationScope.current().consideredCancelled) throw error;
      return { state: 'cancelled' };
    }
    const failure = isCancellation(error) ? overdue(durationSeconds ?? 0) : describeFailure(error);
    await CancellationScope.nonCancellable(() => enter('failed', failure));
    return { state: 'failed', code: failure.code };
  }
}

function overdue(seconds: number): ExperimentFailure {
  return {
    code: 'duration_exceeded',
    message: `It was not over after the ${seconds} s that it had. If it has a checkpoint, a fork can go on from there.`,
  };
}

async function runPhases(
  { projectId, experimentId }: ExperimentWorkflowInput,
  pauses: PauseRequests,
  enter: (state: ExperimentState) => Promise<void>,
  advance: (state: ExperimentState) => Promise<void>,
): Promise<EvaluationResult> {
  const experiment = { projectId, experimentId };
  await advance('preparing');
  const snapshot = await untilSuccess(experiment, () => snapshotDataset(experiment));
  await advance('training');
  const trainedStep = await trainThroughPauses({ ...experiment, snapshot }, pauses, enter);
  const trained = { ...experiment, ...(trainedStep !== null && { trainedStep }) };
  await advance('evaluating');
  const child = await startSoleChild<typeof EvaluationWorkflow>(workflowNames.evaluation, {
    workflowId: childWorkflowId.evaluation(experimentId),
    args: [{ ...trained, snapshot }],
  });
  const evaluation = await child.result();
  await publishReport({ ...trained, evaluation });
  return evaluation;
}
