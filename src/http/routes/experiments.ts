// Submitting, reading and listing experiments.
import { Type } from 'typebox';
import { defaultProject } from '../../experiment/id.ts';
import { submissionSchema } from '../../experiment/submission.ts';
import { matchesTag, preferredWaitSeconds, sendNotChanged, tagOf } from '../protocol/conditional.ts';
import { accepted, idempotencyHeaders, sendCreated } from '../experiment/created-experiment.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { experimentBody, experimentItem } from '../experiment/experiment-view.ts';
import { readLastFailure } from '../experiment/last-failure.ts';
import { answer, idParameter, page, problems } from '../schemas/answer.ts';
import {
  experimentItemSchema,
  experimentReference as experiment,
  listExperimentsQuery,
} from '../schemas/experiment.ts';
import { headersOf, ifNoneMatch, notChanged } from '../schemas/header.ts';
import { submitExperiment } from '../experiment/submit-experiment.ts';
import { withMetricsOfTask } from '../experiment/task-metric-problem.ts';
import { timeParameter } from '../protocol/time-parameter.ts';
import { waitForVersion } from '../experiment/wait-for-version.ts';

const tags = ['Experiments'];

const conditionalHeaders = Type.Object({
  ...ifNoneMatch,
  prefer: Type.Optional(
    Type.String({ description: 'wait=SECONDS holds a 304 back until something changes, at most 60 s.' }),
  ),
});

/**
 * Submitting and listing.
 *
 * @throws CodedError, in the handlers: what `submitExperiment` throws; `invalid_request` for a time or cursor that is none.
 */
export function experimentRoutes(app: App, context: RouteContext): void {
  const { experiments } = context.repositories;

  app.post(
    '/experiments',
    {
      schema: {
        operationId: 'createExperiment',
        summary: 'Submit an experiment',
        description:
          'A body over 2 MiB, or inline rows over 1 MiB, are refused: 413. Larger data is uploaded first.',
        tags,
        headers: idempotencyHeaders,
        body: submissionSchema,
        response: { 201: accepted, ...problems },
      },
      attachValidation: true,
    },
    async (request, reply) => {
      if (request.validationError) throw withMetricsOfTask(request.validationError, request.body);
      const created = await submitExperiment(context, request.body, request.headers['idempotency-key']);
      return sendCreated(reply, created);
    },
  );

  app.get(
    '/experiments',
    {
      schema: {
        operationId: 'listExperiments',
        summary: 'List experiments',
        tags,
        querystring: listExperimentsQuery,
        response: { 200: answer('A page of experiments.', page(experimentItemSchema)), ...problems },
      },
    },
    async (request) => {
      const { limit, sort, cursor, createdAfter, createdBefore, ...filter } = request.query;
      const times = {
        ...(createdAfter !== undefined && { createdAfter: timeParameter('createdAfter', createdAfter) }),
        ...(createdBefore !== undefined && { createdBefore: timeParameter('createdBefore', createdBefore) }),
      };
      const options = { limit, sort, ...(cursor !== undefined && { cursor }) };
      const { items, nextCursor } = await experiments.list(defaultProject, { ...filter, ...times }, options);
      return { items: items.map(experimentItem), nextCursor };
    },
  );
}

/**
 * Reading one experiment.
 *
 * @throws CodedError, in the handler: `not_found`.
 */
export function experimentItemRoutes(app: App, context: RouteContext): void {
  app.get(
    '/experiments/:id',
    {
      schema: {
        operationId: 'getExperiment',
        summary: 'Read an experiment, or wait for its next change',
        tags,
        params: idParameter,
        headers: conditionalHeaders,
        response: {
          200: { ...answer('The experiment.', experiment), ...headersOf('etag', 'preference-applied') },
          304: notChanged,
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const reference = { projectId: defaultProject, experimentId: request.params.id };
      const tag = request.headers['if-none-match'];
      const isKnown = (version: number): boolean => matchesTag(tag, tagOf(version));
      const waitSeconds = preferredWaitSeconds(request.headers.prefer);
      if (waitSeconds !== undefined) reply.header('preference-applied', `wait=${waitSeconds}`);
      const record = await waitForVersion(context, reference, isKnown, waitSeconds ?? 0, reply.raw);
      reply.header('etag', tagOf(record.version)).header('cache-control', 'no-cache');
      if (isKnown(record.version)) return sendNotChanged(reply);
      return reply.send(experimentBody(record, await readLastFailure(context, record)));
    },
  );
}
