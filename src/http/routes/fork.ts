// POST /experiments/{id}/fork: a new experiment that goes on from a step of another.
import { forkSchema } from '../../experiment/fork-schema.ts';
import { forkExperiment } from '../experiment/fork-experiment.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { idParameter, problems } from '../schemas/answer.ts';
import { accepted, idempotencyHeaders, sendCreated } from '../experiment/created-experiment.ts';

/** @throws CodedError, in the handler: what `forkExperiment` throws. */
export function forkRoutes(app: App, context: RouteContext): void {
  app.post(
    '/experiments/:id/fork',
    {
      schema: {
        operationId: 'forkExperiment',
        summary: 'Go on from a step of an experiment, with other settings',
        description:
          'From any step that was trained: at once where its checkpoint is kept, else the steps since the checkpoint before it ' +
          'are computed again and held against the ledger. Without changes the fork ends in the same bytes. Its ledger and ' +
          'curves hold the steps that it took over.',
        tags: ['Experiments'],
        params: idParameter,
        headers: idempotencyHeaders,
        body: forkSchema,
        response: { 201: accepted, ...problems },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key'];
      return sendCreated(reply, await forkExperiment(context, request.params.id, request.body, key));
    },
  );
}
