// What the service tells about itself.
import { Type } from 'typebox';
import { nullable } from '../../experiment/schema.ts';
import { oneOf, page, time } from './answer.ts';

export const aliveSchema = Type.Object({ status: oneOf(['alive']) });

const dependencySchema = Type.Object({ state: oneOf(['up', 'down']) });

export const readinessSchema = Type.Object({
  status: oneOf(['ready', 'degraded']),
  dependencies: Type.Object({
    database: dependencySchema,
    storage: dependencySchema,
    temporal: dependencySchema,
  }),
  refusals: Type.Array(
    Type.Object({
      worker: Type.String({ description: 'PROCESS@HOST.' }),
      workflowId: Type.String(),
      reason: Type.String(),
      lastSeenAt: time,
    }),
    {
      description:
        'Coordinator workers that do not poll, each with a running workflow that its code would break.',
    },
  ),
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
        lastSeenAt: time,
      }),
    ),
  }),
);
