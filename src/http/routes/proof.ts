// GET /experiments/{id}/proof: the hashes that an experiment's result follows from, and what it was computed with.
import { CodedError } from '../../error.ts';
import { defaultProject } from '../../experiment/id.ts';
import { ledgerFormatVersion } from '../../storage/ledger-hash.ts';
import { resultCheckpoint } from '../../storage/result-checkpoint.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import { proofQuery, proofSchema } from '../schemas/proof.ts';

/** The version of the answer. */
const formatVersion = 1;

/**
 * @throws CodedError, in the handler: `not_found`; `no_checkpoint`; `not_supported` for the bundle; `blob_missing`,
 * `blob_corrupt` where the checkpoint is not what its name says.
 */
export function proofRoutes(app: App, { repositories, checkpoints }: RouteContext): void {
  app.get(
    '/experiments/:id/proof',
    {
      schema: {
        operationId: 'getProof',
        summary: 'What the result follows from, by hash',
        description:
          'Of the checkpoint that is the result: the last one, or with early stopping the best. Two experiments of the ' +
          'same proof, their ids and checkpoints aside, have the same weights because they did the same.',
        tags: ['Results'],
        params: idParameter,
        querystring: proofQuery,
        response: { 200: answer('The proof.', proofSchema), ...problems },
      },
    },
    async (request) => {
      const reference = { projectId: defaultProject, experimentId: request.params.id };
      const record = await repositories.experiments.require(reference);
      if (request.query.bundle)
        throw new CodedError('not_supported', 'The bundle of a proof cannot be made yet.', {
          problems: [{ path: '/bundle', message: 'must be false' }],
        });
      const { step, id, manifest } = await resultCheckpoint(repositories.checkpoints, checkpoints, record);
      const { specSha256, snapshotSha256, ledger, blobs, profile } = manifest;
      return {
        formatVersion: formatVersion as 1,
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
      };
    },
  );
}
