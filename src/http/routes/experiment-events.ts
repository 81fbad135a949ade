// GET /experiments/{id}/events.
import { Readable } from 'node:stream';
import { Type } from 'typebox';
import type { FastifyReply } from 'fastify';
import { CodedError } from '../../error.ts';
import { defaultProject } from '../../experiment/id.ts';
import { hasEnded } from '../../experiment/state.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { eventStream } from '../experiment/event-stream.ts';
import { idParameter, problems } from '../schemas/answer.ts';
import { greatestStep } from '../../experiment/steps.ts';
import { untilClosed } from '../protocol/until-closed.ts';

/** @throws CodedError, in the handler: `not_found`; `invalid_request` for a Last-Event-ID that no event has. */
export function experimentEventRoutes(app: App, context: RouteContext): void {
  const { experiments, events } = context.repositories;
  app.get(
    '/experiments/:id/events',
    {
      // A HEAD request would wait for an end that may be days away.
      exposeHeadRoute: false,
      schema: {
        operationId: 'streamEvents',
        summary: 'Follow an experiment until it ends',
        tags: ['Experiments'],
        params: idParameter,
        headers: Type.Object({
          'last-event-id': Type.Optional(
            Type.String({ description: 'The last id seen: the stream goes on after it.' }),
          ),
        }),
        response: {
          200: {
            description: 'Each event’s data is one of these as JSON.',
            content: { 'text/event-stream': { schema: { $ref: 'Event#' } } },
          },
          204: { description: 'The experiment has ended and nothing more will come.', type: 'null' },
          ...problems,
        },
      },
    },
    async (request, reply): Promise<FastifyReply> => {
      const reference = { projectId: defaultProject, experimentId: request.params.id };
      const lastNumber = parseEventId(request.headers['last-event-id']);
      const { state } = await experiments.require(reference);
      const isOver =
        lastNumber > 0 &&
        hasEnded(state) &&
        (await events.eventsAfter(reference, lastNumber, 1)).length === 0;
      // A browser connects again after the end of a stream, unless it gets this.
      if (isOver) return reply.code(204).send(null);
      const signal = untilClosed(reply.raw, context.closing);
      reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type('text/event-stream');
      return reply.send(Readable.from(eventStream(context, reference, lastNumber, signal)));
    },
  );
}

/** @throws CodedError `invalid_request`. */
function parseEventId(header: string | undefined): number {
  if (header === undefined || header === '') return 0;
  const number = /^\d{1,10}$/u.test(header) ? Number(header) : NaN;
  if (number <= greatestStep) return number;
  throw new CodedError('invalid_request', 'Last-Event-ID is not the id of an event.', {
    problems: [{ path: '/last-event-id', message: 'must be the id of an event of this stream' }],
  });
}
