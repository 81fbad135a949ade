// The activities of a verification: to compute a span again on a training worker, and to note the verdict.
import { Context } from '@temporalio/activity';
import type {
  CoordinatorVerificationActivities,
  TrainingVerificationActivities,
} from '../../src/experiment/activity.ts';
import { withScratchDirectory } from '../../src/storage/scratch-directory.ts';
import type { TrainingJob } from '../../src/training/job.ts';
import { startTraining } from '../../src/training/trainer.ts';
import { gatherEvidence } from '../verification/gather-evidence.ts';
import { verify } from '../verification/verify.ts';
import { withCodedFailures } from './coded-failure.ts';
import type { ActivityDependencies } from '../attempt/dependencies.ts';
import { watchedRun } from '../attempt/watched-run.ts';
import { Watchdog } from '../attempt/watchdog.ts';
import { progressOf } from '../attempt/worker-stopping.ts';

/**
 * For the training queue.
 *
 * @throws nothing itself. The activity throws CancelledFailure, or ApplicationFailure with an error's code as its type:
 * `worker_stopping`, `not_found`, `no_checkpoint`, `storage_unavailable`, `database_unavailable`, `out_of_memory`,
 * `engine_failed`.
 */
export function createVerifyingActivities(
  dependencies: ActivityDependencies,
): TrainingVerificationActivities {
  const { config, host, log } = dependencies;
  return {
    verifySteps: ({ projectId, experimentId, verificationId, ...span }) =>
      withCodedFailures(log, () =>
        withScratchDirectory(async (directory) => {
          const activity = Context.current();
          const onProgress = progressOf(dependencies, activity);
          await dependencies.repositories.verifications.begin(
            { projectId, experimentId, verificationId },
            host,
          );
          const evidence = () => gatherEvidence(dependencies, { projectId, experimentId });
          const place = {
            deviceNumber: config.executionDevice,
            graphCacheDirectory: config.graphCacheDirectory,
          };
          const start = (job: TrainingJob) =>
            watchedRun(startTraining(job), new Watchdog(dependencies, activity));
          const engine = { provider: config.executionProvider, place, start, onProgress };
          return { verdict: await verify(evidence, span, directory, log, engine), host };
        }),
      ),
  };
}

/** For the coordinator's queue. @throws nothing itself. The activity throws ApplicationFailure `database_unavailable`. */
export function createVerdictActivities({
  repositories,
  log,
}: Pick<ActivityDependencies, 'repositories' | 'log'>): CoordinatorVerificationActivities {
  return {
    recordVerdict: ({ verdict, host, ...reference }) =>
      withCodedFailures(log, async () => {
        await repositories.verifications.decide(reference, verdict, host);
      }),
  };
}
