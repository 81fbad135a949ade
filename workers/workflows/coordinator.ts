// One experiment from its acceptance to its end: the order of phases, its states, and how it ends.
import {
  CancellationScope,
  ContinueAsNew,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  EvaluationActivities,
  EvaluationResult,
  ExperimentFailure,
  PreparedSnapshot,
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
  FailedAttempts,
} from '../../src/experiment/workflow.ts';
import type { EvaluationWorkflow } from './evaluation.ts';
import { DurationLimit } from './duration-limit.ts';
import { describeFailure } from './failure.ts';
import { publishReport, recordTransition } from './lasting-writes.ts';
import { once, untilSuccess } from './retry.ts';
import { startSoleChild } from './sole-child.ts';
import { tellSearchedState } from './searched-state.ts';
import { trainThroughPauses } from './pausable-training.ts';
import { PauseRequests, pausesAtStart } from './pause-requests.ts';

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
  const { projectId, experimentId, carried } = input;
  let progress: CoordinatorProgress = input.continued ?? { state: 'queued', sequence: 0 };
  const phases = new CancellationScope();
  const isPaused = (): boolean => progress.state === 'paused';
  const pauses = new PauseRequests(carried?.pauses ?? pausesAtStart(isPaused(), input.orderNumber));
  setHandler(defineQuery<CoordinatorProgress>(queryNames.progress), () => progress);
  let stoppedBy: 'user' | 'limit' | undefined;
  const stop = (by: 'user' | 'limit'): void => {
    stoppedBy ??= by;
    phases.cancel();
  };
  setHandler(defineSignal(signalNames.cancel), () => stop('user'));
  const limit = limitOf(input, isPaused());
  // Cancelled, the workflow ends by itself.
  limit?.whenOver(isPaused, () => stop('limit')).catch(() => undefined);

  const enter = async (state: ExperimentState, error: ExperimentFailure | null = null): Promise<void> => {
    if (state === progress.state) return;
    progress = { state, sequence: progress.sequence + 1 };
    tellSearchedState(state);
    await recordTransition({ projectId, experimentId, ...progress, error });
  };
  const advance = async (state: ExperimentState): Promise<void> => {
    if (isBefore(progress.state, state)) await enter(state);
  };
  const goOn = (failed: FailedAttempts): Promise<never> =>
    continueAsNew<typeof CoordinatorWorkflow>({
      ...input,
      continued: progress,
      carried: {
        failed,
        pauses: pauses.counted,
        ...(limit && { durationLeftSeconds: limit.leftSeconds }),
      },
    });
  const prepare = (): Promise<PreparedSnapshot> =>
    untilSuccess(input, () => snapshotDataset({ projectId, experimentId }), carried?.failed, goOn);
  try {
    const { evaluationSha256 } = await phases.run(() => runPhases(input, prepare, pauses, enter, advance));
    await CancellationScope.nonCancellable(() => enter('succeeded'));
    return { state: 'succeeded', evaluationSha256 };
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const isOverdue = stoppedBy === 'limit' && !CancellationScope.current().consideredCancelled;
    if (isCancellation(error) && !isOverdue) {
      await CancellationScope.nonCancellable(() => enter('cancelled'));
      // Cancelled through Temporal itself, the workflow must end as cancelled there too.
      if (CancellationScope.current().consideredCancelled) throw error;
      return { state: 'cancelled' };
    }
    const failure = isCancellation(error) ? overdue() : describeFailure(error);
    await CancellationScope.nonCancellable(() => enter('failed', failure));
    return { state: 'failed', code: failure.code };
  }
}

/** What is left of the limit: the time between the end of the run before and this one's begin counts too, unless it was paused. */
function limitOf(
  { durationSeconds, carried }: ExperimentWorkflowInput,
  isPaused: boolean,
): DurationLimit | undefined {
  if (durationSeconds === undefined) return undefined;
  const leftSeconds = carried?.durationLeftSeconds;
  if (leftSeconds === undefined) return new DurationLimit(durationSeconds);
  const uncountedSeconds = (Date.now() - workflowInfo().runStartTime.getTime()) / 1000;
  return new DurationLimit(leftSeconds - (isPaused ? 0 : uncountedSeconds));
}

function overdue(): ExperimentFailure {
  return {
    code: 'duration_exceeded',
    message:
      'It was not over within its limits.durationSeconds. If it has a checkpoint, a fork can go on from there.',
  };
}

async function runPhases(
  { projectId, experimentId }: ExperimentWorkflowInput,
  prepare: () => Promise<PreparedSnapshot>,
  pauses: PauseRequests,
  enter: (state: ExperimentState) => Promise<void>,
  advance: (state: ExperimentState) => Promise<void>,
): Promise<EvaluationResult> {
  const experiment = { projectId, experimentId };
  await advance('preparing');
  const snapshot = await prepare();
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
