// GET /experiments/{id}/checkpoints.
import { defaultProject } from '../../experiment/id.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { decodePosition, encodePosition } from '../protocol/position-cursor.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import * as schemas from '../schemas/result.ts';

/** @throws CodedError, in the handler: `not_found`; `invalid_request` for a cursor that no page gave. */
export function checkpointRoutes(app: App, { repositories }: RouteContext): void {
  const { experiments, checkpoints } = repositories;
  app.get(
    '/experiments/:id/checkpoints',
    {
      schema: {
        operationId: 'listCheckpoints',
        summary: 'List checkpoints, newest first',
        tags: ['Results'],
        params: idParameter,
        querystring: schemas.checkpointsQuery,
        response: { 200: answer('A page of checkpoints.', schemas.checkpointsPage), ...problems },
      },
    },
    async (request) => {
      const reference = { projectId: defaultProject, experimentId: request.params.id };
      await experiments.require(reference);
      const { limit, cursor } = request.query;
      const before = cursor === undefined ? {} : { beforeStep: decodePosition(cursor) };
      const found = await checkpoints.listCheckpoints(reference, { limit: limit + 1, ...before });
      const items = found.slice(0, limit);
      return {
        items: items.map(({ createdAt, ...rest }) => ({ ...rest, createdAt: createdAt.toISOString() })),
        nextCursor: found.length > limit ? encodePosition(items.at(-1)?.step ?? 0) : null,
      };
    },
  );
}
