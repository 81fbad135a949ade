// The body of a fork.
import { Type } from 'typebox';
import { limitsSchema, nameSchema, tagsSchema } from './submission.ts';
import { mostSteps, trainingSchema } from './training-schema.ts';

export const forkSchema = Type.Object(
  {
    step: Type.Integer({ minimum: 1, maximum: mostSteps, description: 'The last step that is taken over.' }),
    name: Type.Optional(nameSchema),
    tags: Type.Optional(tagsSchema),
    training: Type.Optional(trainingSchema),
    limits: Type.Optional(limitsSchema),
  },
  { additionalProperties: false, title: 'Fork' },
);
