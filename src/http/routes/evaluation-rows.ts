// GET /experiments/{id}/evaluation/rows.
import { CodedError } from '../../error.ts';
import { defaultProject } from '../../experiment/id.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { evaluatedRows, type EvaluatedRowsSource } from '../experiment/evaluated-rows.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import { evaluationRowsPage, evaluationRowsQuery } from '../schemas/evaluation-rows.ts';
import { decodePosition, encodePosition } from '../protocol/position-cursor.ts';

/**
 * @throws CodedError, in the handler: `not_found`; `not_ready` without an evaluation; `invalid_request` for a cursor;
 * `blob_missing`, `blob_corrupt`.
 */
export function evaluationRowRoutes(app: App, { repositories, blobs }: RouteContext): void {
  app.get(
    '/experiments/:id/evaluation/rows',
    {
      schema: {
        operationId: 'listEvaluationRows',
        summary: 'The prediction of every evaluated row; the worst first with sort=-loss',
        tags: ['Results'],
        params: idParameter,
        querystring: evaluationRowsQuery,
        response: { 200: answer('A page of rows.', evaluationRowsPage), ...problems },
      },
    },
    async (request) => {
      const { limit, cursor, sort } = request.query;
      const { state, reportSha256 } = await repositories.experiments.require({
        projectId: defaultProject,
        experimentId: request.params.id,
      });
      if (reportSha256 === null)
        throw new CodedError('not_ready', `The experiment is ${state}; it has no evaluation.`);
      // Written by publishReport, checked by its hash.
      const report = JSON.parse(await blobs.text(reportSha256)) as EvaluatedRowsSource;
      const offset = cursor === undefined ? 0 : decodePosition(cursor);
      const { rows, hasMore } = await evaluatedRows(blobs, report, { sort, offset, limit });
      return { items: [...rows], nextCursor: hasMore ? encodePosition(offset + limit) : null };
    },
  );
}
