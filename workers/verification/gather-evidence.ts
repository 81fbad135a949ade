// The evidence of an experiment as the service has it, in its database and its store.
import type { Repositories } from '../../src/database/repositories.ts';
import { CodedError } from '../../src/error.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import { mostCheckpoints } from '../../src/experiment/retention.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { reading, type Evidence, type KeptCheckpoint } from './evidence.ts';

export interface EvidenceSources {
  readonly repositories: Repositories;
  readonly store: ObjectStore;
}

/**
 * Finds all that an experiment kept. It reads manifests and rows at once, the rest when it is asked for.
 *
 * @throws CodedError `not_found`; `no_checkpoint` where nothing is kept to begin from; what the stores throw.
 */
export async function gatherEvidence(
  { repositories, store }: EvidenceSources,
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
    experimentId: reference.experimentId,
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
