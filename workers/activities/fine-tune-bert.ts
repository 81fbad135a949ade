// The activity that trains: an attempt under a lease, from what is prepared to its outcome.
import { Context } from '@temporalio/activity';
import type {
  ExperimentReference,
  FineTuneResult,
  TrainingActivities,
} from '../../src/experiment/activity.ts';
import { withScratchDirectory } from '../../src/storage/scratch-directory.ts';
import { prepareTraining } from '../preparation/prepare-training.ts';
import { runAttempt } from '../attempt/run-attempt.ts';
import { withCodedFailures } from './coded-failure.ts';
import { againAfterOutage, longestOutageSeconds, patienceOf } from '../attempt/database-outage.ts';
import type { ActivityDependencies } from '../attempt/dependencies.ts';
import { TrainingAttempt } from '../attempt/training-attempt.ts';
import { progressOf } from '../attempt/worker-stopping.ts';

/**
 * The activity that trains, for the training queue.
 *
 * @throws nothing itself. The activity throws CancelledFailure, or ApplicationFailure with an error's code as its type:
 * `worker_stopping`; `training_diverged`, `sequence_too_long`, `model_incompatible`, `out_of_memory`, `engine_failed`;
 * `divergence`, `lease_lost`;
 * `blob_missing`, `blob_corrupt`, `storage_unavailable`, `database_unavailable`, `transition_not_allowed`, `not_found`.
 */
export function createTrainingActivities(dependencies: ActivityDependencies): TrainingActivities {
  return {
    fineTuneBert: (experiment) =>
      withCodedFailures(dependencies.log, () =>
        withScratchDirectory((directory) => train(dependencies, experiment, directory)),
      ),
  };
}

/** One phase after another, and one part of a fork's lineage, each an attempt of its own: what was kept tells where to go on. */
async function train(
  dependencies: ActivityDependencies,
  experiment: ExperimentReference,
  directory: string,
): Promise<FineTuneResult> {
  const activity = Context.current();
  const onProgress = progressOf(dependencies, activity);
  const patience = { ...patienceOf(activity, dependencies.stopping), mostSeconds: longestOutageSeconds };
  for (;;) {
    const { isLast, result } = await runAttempt(
      dependencies,
      experiment,
      'training',
      async (holder) => {
        const prepared = await againAfterOutage(patience, () =>
          prepareTraining(dependencies, experiment, directory, onProgress),
        );
        const attempt = new TrainingAttempt(dependencies, holder, prepared, activity);
        return { isLast: prepared.isLast, result: await attempt.run() };
      },
      (ended) => ended.result.outcome,
    );
    if (result.outcome !== 'completed' || isLast) return result;
  }
}
