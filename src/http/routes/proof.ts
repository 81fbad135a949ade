// GET /experiments/{id}/proof: the hashes that an experiment's result follows from, alone or with everything that they name.
import type { FastifyReply } from 'fastify';
import { defaultProject } from '../../experiment/id.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { proofBundle } from '../experiment/proof-bundle.ts';
import { proofOf } from '../experiment/proof.ts';
import { answer, idParameter, problems, stream } from '../schemas/answer.ts';
import { headersOf } from '../schemas/header.ts';
import { proofQuery, proofSchema } from '../schemas/proof.ts';

const mediaType = 'application/x-tar';

/**
 * @throws CodedError, in the handler: `not_found`; `no_checkpoint`; `blob_missing`, `blob_corrupt` where the checkpoint is not
 * what its name says.
 */
export function proofRoutes(app: App, context: RouteContext): void {
  const description = 'The proof; with bundle, a tar.';
  app.get(
    '/experiments/:id/proof',
    {
      schema: {
        operationId: 'getProof',
        summary: 'What the result follows from, by hash',
        description:
          'Of the checkpoint that is the result: the last one, or with early stopping the best. Two experiments of the ' +
          'same proof, their ids and checkpoints aside, have the same weights because they did the same. The bundle holds ' +
          'snapshot, checkpoints, ledger and specification; `npm run verify -- proof.tar` checks it without the service.',
        tags: ['Results'],
        params: idParameter,
        querystring: proofQuery,
        response: {
          200: {
            description,
            content: {
              ...answer(description, proofSchema).content,
              ...stream(description, mediaType).content,
            },
            ...headersOf('content-disposition'),
          },
          ...problems,
        },
      },
    },
    async (request, reply): Promise<FastifyReply> => {
      const record = await context.repositories.experiments.require({
        projectId: defaultProject,
        experimentId: request.params.id,
      });
      const proven = await proofOf(context, record);
      if (!request.query.bundle) return reply.send(proven.proof);
      const bundle = await proofBundle(context, record, proven);
      const name = `${record.id}-${proven.checkpoint.step}-proof.tar`;
      return reply
        .type(mediaType)
        .header('content-length', bundle.sizeBytes)
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(bundle.open());
    },
  );
}
