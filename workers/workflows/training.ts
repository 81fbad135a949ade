// Training as a row of attempts: goes on from the last checkpoint for as long as checkpoints advance.
import {
  ActivityCancellationType,
  CancellationScope,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type {
  CheckpointNotice,
  CommittedCheckpoint,
  TrainingActivities,
} from '../../src/experiment/activity.ts';
import { queryNames, signalNames, taskQueues } from '../../src/experiment/name.ts';
import type {
  TrainingProgress,
  TrainingResult,
  TrainingWorkflowInput,
} from '../../src/experiment/workflow.ts';
import { heartbeatTimeout } from './heartbeat.ts';
import { afterFault, isTimeForNewRun, once } from './retry.ts';

/**
 * Runs attempts at training until one completes it, or a pause ends it.
 *
 * @throws the failure that is final; `no_progress`, `blob_corrupt` or `blob_missing` when ten attempts in a row keep nothing
 * new.
 */
export async function TrainingWorkflow(input: TrainingWorkflowInput): Promise<TrainingResult> {
  let progress: TrainingProgress = input.carried ?? {
    attempts: 0,
    latestCheckpoint: null,
    fruitlessAttempts: 0,
    awayAttempts: 0,
    longestRunSeconds: null,
  };
  setHandler(defineQuery<TrainingProgress>(queryNames.progress), () => progress);
  setHandler(
    defineQuery<CommittedCheckpoint | null>(queryNames.latestCheckpoint),
    () => progress.latestCheckpoint,
  );
  setHandler(defineSignal<[CheckpointNotice]>(signalNames.checkpointCommitted), (notice) => {
    progress = withNotice(progress, notice);
  });

  let wasPaused = false;
  let attempts = new CancellationScope();
  setHandler(defineSignal(signalNames.pause), () => {
    wasPaused = true;
    attempts.cancel();
  });
  // Signals come while the loop waits.
  const isPaused = (): boolean => wasPaused;

  for (;;) {
    if (isPaused()) return { ...progress, outcome: 'paused' };
    const before = progress.latestCheckpoint;
    progress = { ...progress, attempts: progress.attempts + 1 };
    attempts = new CancellationScope();
    try {
      const { outcome, checkpoint } = await attempts.run(() => attempt(input, progress));
      progress = { ...withNotice(progress, { checkpoint, longestRunSeconds: null }), awayAttempts: 0 };
      // What it ended with, also where another profile had come further before.
      if (outcome === 'completed')
        return { ...progress, latestCheckpoint: checkpoint ?? progress.latestCheckpoint, outcome };
    } catch (error) {
      // The attempt kept its last steps. Where the whole workflow is cancelled too, that goes first.
      const isPause = isPaused() && !CancellationScope.current().consideredCancelled;
      if (isPause && isCancellation(error)) continue;
      const advanced = (progress.latestCheckpoint?.step ?? -1) > (before?.step ?? -1);
      const { fruitlessAttempts: fruitless, awayAttempts: away = 0 } = progress;
      const failed = await afterFault(input, error, { fruitless, away }, advanced, isPaused);
      progress = { ...progress, fruitlessAttempts: failed.fruitless, awayAttempts: failed.away };
    }
    // A long history goes on in a new workflow; between attempts nothing is lost by that.
    if (isTimeForNewRun() && !isPaused())
      await continueAsNew<typeof TrainingWorkflow>({ ...input, carried: progress });
  }
}

/** Of Temporal's 1 to 5, the first to go; where none is said it is 3. */
const begunPriority = { priorityKey: 2 } as const;

/** What was begun ends before more is begun: an experiment that has a checkpoint is preferred to those that have none. */
async function attempt(input: TrainingWorkflowInput, progress: TrainingProgress) {
  const { projectId, experimentId, snapshot } = input;
  const { fineTuneBert } = proxyActivities<TrainingActivities>({
    taskQueue: taskQueues.training,
    startToCloseTimeout: '365 days',
    heartbeatTimeout: heartbeatTimeout(progress.longestRunSeconds ?? snapshot.stepSeconds),
    retry: once,
    ...(progress.latestCheckpoint !== null && { priority: begunPriority }),
    // A cancelled attempt keeps its last steps in a checkpoint before it ends.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
  return fineTuneBert({ projectId, experimentId });
}

function withNotice(progress: TrainingProgress, notice: CheckpointNotice): TrainingProgress {
  const { checkpoint, longestRunSeconds } = notice;
  const isNewer = checkpoint !== null && checkpoint.step > (progress.latestCheckpoint?.step ?? -1);
  return {
    ...progress,
    latestCheckpoint: isNewer ? checkpoint : progress.latestCheckpoint,
    // However the attempt will end that kept it.
    fruitlessAttempts: isNewer ? 0 : progress.fruitlessAttempts,
    longestRunSeconds: longestRunSeconds ?? progress.longestRunSeconds,
  };
}
