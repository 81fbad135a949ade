// The proof of an experiment as it stands, with the checkpoint that it is of.
import type { ExperimentRecord } from '../../database/experiment-record.ts';
import { proofOfCheckpoint, type Proof } from '../../proof/proof.ts';
import { resultCheckpoint, type ResultCheckpoint } from '../../storage/result-checkpoint.ts';
import type { AppDependencies } from '../dependencies.ts';

export interface ProvenResult {
  readonly proof: Proof;
  readonly checkpoint: ResultCheckpoint;
}

/** @throws CodedError `no_checkpoint`; `blob_missing`, `blob_corrupt` where the checkpoint is not what its name says. */
export async function proofOf(
  { repositories, checkpoints }: Pick<AppDependencies, 'repositories' | 'checkpoints'>,
  record: ExperimentRecord,
): Promise<ProvenResult> {
  const checkpoint = await resultCheckpoint(repositories.checkpoints, checkpoints, record);
  const reference = { projectId: record.projectId, experimentId: record.id };
  const segments = await repositories.ledger.segments(reference, checkpoint.manifest.ledger.steps);
  return { checkpoint, proof: proofOfCheckpoint(checkpoint, record.id, segments) };
}
