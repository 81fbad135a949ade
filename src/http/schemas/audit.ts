// What an audit answers.
import { Type } from 'typebox';
import { nullable } from '../../experiment/schema.ts';
import { oneOf } from './answer.ts';

export const auditSchema = Type.Object({
  deterministic: Type.Boolean({ description: 'Whether today’s code does what was recorded, in every run.' }),
  events: Type.Integer({ description: 'Of all runs.' }),
  source: oneOf(['stored', 'live'], {
    description: 'The history stored at the end, or what Temporal has of it now.',
  }),
  workflows: Type.Array(
    Type.Object({
      workflowId: Type.String(),
      runId: Type.String(),
      type: Type.String(),
      events: Type.Integer(),
      deterministic: Type.Boolean(),
      reason: nullable(Type.String({ description: 'What today’s code would have done otherwise.' })),
    }),
  ),
});
