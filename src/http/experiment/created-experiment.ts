// What the requests that create an experiment have in common: the header of their key, and the answer.
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { CreatedExperiment } from '../../database/experiment-repository.ts';
import { tagOf } from '../protocol/conditional.ts';
import { answer } from '../schemas/answer.ts';
import { experimentReference } from '../schemas/experiment.ts';
import { headersOf } from '../schemas/header.ts';

export const idempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: '^[\\x20-\\x7e]+$',
      description:
        'Printable characters, kept for 24 hours. The same key and body get the first answer again.',
    }),
  ),
});

/** What {@link sendCreated} answers. */
export const accepted = {
  ...answer('Accepted; it starts by itself.', experimentReference),
  ...headersOf('location', 'etag', 'idempotency-replayed'),
};

/** Answers 201 with the body that was made for the first request with the key. */
export function sendCreated(reply: FastifyReply, created: CreatedExperiment): FastifyReply {
  if (created.replayed) reply.header('idempotency-replayed', 'true');
  // Made by experimentBody, now or then.
  const { version } = JSON.parse(created.response) as { readonly version: number };
  reply.code(201).header('location', `/experiments/${created.experimentId}`).header('etag', tagOf(version));
  return reply.type('application/json; charset=utf-8').send(created.response);
}
