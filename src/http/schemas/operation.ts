// What the service tells about itself.
import { Type } from 'typebox';
import { nullable, page, time } from './answer.ts';

export const aliveSchema = Type.Object({ status: Type.Literal('alive') });

const dependencySchema = Type.Object({ state: Type.Union([Type.Literal('up'), Type.Literal('down')]) });

export const readinessSchema = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('degraded')]),
  dependencies: Type.Object({
    database: dependencySchema,
    storage: dependencySchema,
    temporal: dependencySchema,
  }),
});

export const queuesPage = page(
  Type.Object({
    name: Type.String(),
    backlog: Type.Integer(),
    workers: Type.Array(
      Type.Object({
        id: Type.String(),
        host: Type.String(),
        slots: nullable(Type.Integer()),
        busy: nullable(Type.Integer()),
        lastSeenAt: nullable(time),
      }),
    ),
  }),
);
