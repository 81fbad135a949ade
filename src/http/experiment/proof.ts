// What a result follows from, by hash: the proof of an experiment.
import type { Static } from 'typebox';
import type { ExperimentRecord } from '../../database/experiment-record.ts';
import { ledgerFormatVersion } from '../../storage/ledger-hash.ts';
import { resultCheckpoint, type ResultCheckpoint } from '../../storage/result-checkpoint.ts';
import type { AppDependencies } from '../dependencies.ts';
import type { proofSchema } from '../schemas/proof.ts';

/** The version of the answer. */
const formatVersion = 1 as const;

export interface ProvenResult {
  readonly proof: Static<typeof proofSchema>;
  readonly checkpoint: ResultCheckpoint;
}

/** @throws CodedError `no_checkpoint`; `blob_missing`, `blob_corrupt` where the checkpoint is not what its name says. */
export async function proofOf(
  { repositories, checkpoints }: Pick<AppDependencies, 'repositories' | 'checkpoints'>,
  record: ExperimentRecord,
): Promise<ProvenResult> {
  const checkpoint = await resultCheckpoint(repositories.checkpoints, checkpoints, record);
  const { step, id, manifest } = checkpoint;
  const { specSha256, snapshotSha256, ledger, blobs, profile } = manifest;
  const reference = { projectId: record.projectId, experimentId: record.id };
  return {
    checkpoint,
    proof: {
      formatVersion,
      experimentId: record.id,
      checkpoint: { step, id },
      specSha256,
      snapshotSha256,
      segments: [...(await repositories.ledger.segments(reference, ledger.steps))],
      versions: {
        onnxruntime: String(profile['onnxruntimeVersion']),
        checkpointFormat: manifest.formatVersion,
        ledgerFormat: ledgerFormatVersion,
      },
      ledgerSha256: ledger.sha256,
      weightsSha256: blobs.parameters.sha256,
    },
  };
}
