// GET /experiments/{id}/ledger.
import type { LedgerEntry } from '../../database/ledger-steps.ts';
import { defaultProject } from '../../experiment/id.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import * as schemas from '../schemas/result.ts';
import { decodePosition, encodePosition } from '../protocol/position-cursor.ts';

/** @throws CodedError, in the handler: `not_found`; `invalid_request` for a cursor that no page gave. */
export function ledgerRoutes(app: App, { repositories }: RouteContext): void {
  const { experiments, ledger } = repositories;
  app.get(
    '/experiments/:id/ledger',
    {
      schema: {
        operationId: 'getLedger',
        summary: 'Every optimizer step that counted, in order',
        tags: ['Results'],
        params: idParameter,
        querystring: schemas.ledgerQuery,
        response: { 200: answer('A page of steps.', schemas.ledgerPage), ...problems },
      },
    },
    async (request) => {
      const reference = { projectId: defaultProject, experimentId: request.params.id };
      await experiments.require(reference);
      const { limit, cursor } = request.query;
      const fromStep = cursor === undefined ? 1 : decodePosition(cursor);
      const found = await ledger.ledger(reference, { fromStep, limit: limit + 1 });
      return {
        items: found.slice(0, limit).map(entryBody),
        nextCursor: found.length > limit ? encodePosition(fromStep + limit) : null,
      };
    },
  );
}

function entryBody({ step, lossBits, gradientNormBits, examples, lease, segment }: LedgerEntry) {
  return { step, lossBits, gradientNormBits, examples, lease, segment };
}
