// What is stored for an experiment as one JSON document: GET /experiments/{id}/evaluation and /history.
import { Type } from 'typebox';
import type { FastifyReply } from 'fastify';
import { CodedError } from '../../error.ts';
import { defaultProject } from '../../experiment/id.ts';
import { matchesTag, sendNotChanged } from '../protocol/conditional.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import { headersOf, ifNoneMatch, notChanged } from '../schemas/header.ts';

const reports = {
  evaluation: {
    operationId: 'getEvaluation',
    summary: 'The whole evaluation report',
    field: 'reportSha256',
    schema: Type.Unsafe({ $ref: 'Evaluation#' }),
  },
  history: {
    operationId: 'getHistory',
    summary: 'Temporal’s history of the experiment, stored at its end',
    field: 'historySha256',
    schema: Type.Record(Type.String(), Type.Unknown()),
  },
} as const;

/**
 * @throws CodedError, in the handlers: `not_found`; `not_ready` while there is no such document; `blob_missing`,
 * `blob_corrupt`.
 */
export function storedReportRoutes(app: App, { repositories, blobs }: RouteContext): void {
  const { experiments } = repositories;
  for (const [name, { operationId, summary, field, schema }] of Object.entries(reports))
    app.get(
      `/experiments/:id/${name}`,
      {
        schema: {
          operationId,
          summary,
          tags: ['Results'],
          params: idParameter,
          headers: Type.Object(ifNoneMatch),
          response: {
            200: { ...answer('JSON.', schema), ...headersOf('etag') },
            304: notChanged,
            ...problems,
          },
        },
      },
      async (request, reply): Promise<FastifyReply> => {
        const { id } = request.params as { readonly id: string };
        const record = await experiments.require({ projectId: defaultProject, experimentId: id });
        const sha256 = record[field];
        if (sha256 === null)
          throw new CodedError('not_ready', `The experiment is ${record.state}; it has no ${name}.`);
        reply.header('etag', `"${sha256}"`);
        if (matchesTag(request.headers['if-none-match'], `"${sha256}"`)) return sendNotChanged(reply);
        return reply.type('application/json; charset=utf-8').send(await blobs.get(sha256));
      },
    );
}
