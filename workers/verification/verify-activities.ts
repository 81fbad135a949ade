// The activities of a verification: to compute a span again on a training worker, and to note the verdict.
import { Context } from '@temporalio/activity';
import { CodedError } from '../../src/error.ts';
import type {
  CoordinatorVerificationActivities,
  ExperimentReference,
  TrainingVerificationActivities,
} from '../../src/experiment/activity.ts';
import { mostCheckpoints } from '../../src/experiment/retention.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { withScratchDirectory } from '../../src/storage/scratch-directory.ts';
import { reading, type Evidence, type KeptCheckpoint } from './evidence.ts';
import { verify } from './verify.ts';
import { withCodedFailures } from '../activities/coded-failure.ts';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { throwIfEnding } from '../activities/worker-stopping.ts';

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
  const { config, host, log, stopping } = dependencies;
  return {
    verifySteps: ({ projectId, experimentId, verificationId, ...span }) =>
      withCodedFailures(log, () =>
        withScratchDirectory(async (directory) => {
          const activity = Context.current();
          const onProgress = (): void => {
            throwIfEnding(stopping, activity);
            activity.heartbeat();
          };
          await dependencies.repositories.verifications.begin(
            { projectId, experimentId, verificationId },
            host,
          );
          const evidence = () => gather(dependencies, { projectId, experimentId });
          const place = {
            deviceNumber: config.executionDevice,
            graphCacheDirectory: config.graphCacheDirectory,
          };
          const engine = { provider: config.executionProvider, place, onProgress };
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
      withCodedFailures(log, () => repositories.verifications.decide(reference, verdict, host)),
  };
}

/** @throws CodedError `not_found`; `no_checkpoint` where nothing is kept to begin from; what the stores throw. */
async function gather(
  { repositories, store }: ActivityDependencies,
  reference: ExperimentReference,
): Promise<Evidence> {
  const { spec, lineage, snapshot } = await repositories.experiments.require(reference);
  const manifests = new CheckpointStore(store, reference.projectId);
  const rows = await repositories.checkpoints.listCheckpoints(reference, { limit: mostCheckpoints });
  if (snapshot === null || rows.length === 0)
    throw new CodedError('no_checkpoint', 'The experiment has no checkpoint to verify from.');
  const checkpoints: KeptCheckpoint[] = [];
  for (const { step, id } of rows.toReversed())
    checkpoints.push({
      step,
      id,
      manifest: await reading(`checkpoint of step ${step}`, () =>
        manifests.read(reference.experimentId, step, id),
      ),
    });
  return {
    spec,
    lineage,
    snapshotSha256: snapshot.sha256,
    // What a phase begins with is stored again as it is made again: the same objects.
    blobs: projectBlobs(store, reference.projectId, repositories.pins.forUpload(reference.projectId)),
    checkpoints,
    steps: (fromStep, toStep) =>
      repositories.ledger.ledger(reference, { fromStep, limit: toStep - fromStep + 1 }),
    segments: await repositories.ledger.segments(reference, rows[0]?.step ?? 0),
  };
}
