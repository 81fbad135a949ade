// What an experiment has to show: metrics, checkpoints, attempts, its report and its history.
import { Type } from 'typebox';
import type { FastifyReply } from 'fastify';
import type { AttemptRecord } from '../../database/attempt-repository.ts';
import { metricNames } from '../../database/metric-repository.ts';
import { CodedError } from '../../error.ts';
import { defaultProject } from '../../experiment/id.ts';
import { matchesTag } from '../conditional.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import * as schemas from '../schemas/result.ts';
import { decodePosition, encodePosition } from '../position-cursor.ts';

const tags = ['Results'];

export function stepRoutes(app: App, { repositories }: RouteContext): void {
  const { experiments, metrics, checkpoints } = repositories;
  const find = async (experimentId: string) => {
    const reference = { projectId: defaultProject, experimentId };
    await experiments.require(reference);
    return reference;
  };

  app.get(
    '/experiments/:id/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        summary: 'Curves over the steps, thinned to maxPoints',
        tags,
        params: idParameter,
        querystring: schemas.metricsQuery,
        response: { 200: answer('One item a metric.', schemas.metricsPage), ...problems },
      },
    },
    async (request) => {
      const reference = await find(request.params.id);
      const { name, ...range } = request.query;
      const names = name === undefined ? metricNames : [name];
      const items = await Promise.all(
        names.map(async (metric) => ({
          name: metric,
          points: await metrics.points(reference, metric, range),
        })),
      );
      return { items, nextCursor: null };
    },
  );

  app.get(
    '/experiments/:id/checkpoints',
    {
      schema: {
        operationId: 'listCheckpoints',
        summary: 'List checkpoints, newest first',
        tags,
        params: idParameter,
        querystring: schemas.checkpointsQuery,
        response: { 200: answer('A page of checkpoints.', schemas.checkpointsPage), ...problems },
      },
    },
    async (request) => {
      const reference = await find(request.params.id);
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

export function recordRoutes(app: App, context: RouteContext): void {
  const { experiments, attempts } = context.repositories;

  app.get(
    '/experiments/:id/attempts',
    {
      schema: {
        operationId: 'listAttempts',
        summary: 'List the attempts at training, oldest first',
        tags,
        params: idParameter,
        response: { 200: answer('All attempts.', schemas.attemptsPage), ...problems },
      },
    },
    async (request) => {
      const reference = { projectId: defaultProject, experimentId: request.params.id };
      await experiments.require(reference);
      const found = await attempts.listAttempts(reference);
      return { items: found.map(attemptBody), nextCursor: null };
    },
  );

  const blobs = {
    evaluation: {
      summary: 'The whole evaluation report',
      field: 'reportSha256',
      schema: Type.Unsafe({ $ref: 'Evaluation#' }),
    },
    history: {
      summary: 'Temporal’s history of the experiment, stored at its end',
      field: 'historySha256',
      schema: Type.Record(Type.String(), Type.Unknown()),
    },
  } as const;
  for (const [name, { summary, field, schema }] of Object.entries(blobs))
    app.get(
      `/experiments/:id/${name}`,
      {
        schema: {
          operationId: name === 'evaluation' ? 'getEvaluation' : 'getHistory',
          summary,
          tags,
          params: idParameter,
          response: { 200: answer('JSON.', schema), ...problems },
        },
      },
      async (request, reply): Promise<FastifyReply> => {
        const { id } = request.params as { readonly id: string };
        const record = await experiments.require({ projectId: defaultProject, experimentId: id });
        const sha256 = record[field];
        if (sha256 === null)
          throw new CodedError('not_ready', `The experiment is ${record.state}; there is no ${name} yet.`);
        reply.header('etag', `"${sha256}"`);
        if (matchesTag(request.headers['if-none-match'], `"${sha256}"`)) return reply.code(304).send(null);
        return reply.type('application/json; charset=utf-8').send(await context.blobs.get(sha256));
      },
    );
}

function attemptBody(attempt: AttemptRecord) {
  return {
    lease: attempt.lease,
    startedAt: attempt.startedAt.toISOString(),
    endedAt: attempt.endedAt?.toISOString() ?? null,
    cause: attempt.cause,
    message: attempt.message,
    startStep: attempt.startStep,
    stepsDone: attempt.stepsDone,
    stepsRepeated: attempt.stepsRepeated,
    host: attempt.host,
    provider: attempt.provider,
    threads: attempt.threads,
    segment: attempt.segment,
    profile: attempt.profile,
  };
}
