// What is asked of a verification, and what it found.
import { Type, type Static } from 'typebox';
import { nullable } from '../../experiment/schema.ts';
import { greatestStep } from '../../experiment/steps.ts';
import { cursor, limit, oneOf, page, time } from './answer.ts';

const step = Type.Integer({ minimum: 1, maximum: greatestStep });

export const verifySchema = Type.Object(
  { fromStep: step, toStep: step },
  { additionalProperties: false, description: 'The steps to compute again, both ends included.' },
);

export const verificationParameters = Type.Object({ id: Type.String(), verificationId: Type.String() });

export const verificationSchema = Type.Object({
  id: Type.String(),
  experimentId: Type.String(),
  state: oneOf(['running', 'agrees', 'differs', 'undecided'], {
    description:
      'undecided: nothing can be told, as `reason` says; for instance since a worker of another numeric profile computed, which gives other bits.',
  }),
  fromStep: step,
  toStep: step,
  firstDifferentStep: nullable(step),
  reason: nullable(Type.String({ description: 'What differs, or why nothing can be told.' })),
  host: nullable(Type.String({ description: 'The machine that computes, or computed.' })),
  createdAt: time,
  startedAt: {
    ...nullable(time),
    description: 'When a worker took it up; null while it waits for one.',
  },
  finishedAt: nullable(time),
});

export const verificationsQuery = Type.Object(
  { limit: limit(200, 50), cursor },
  { additionalProperties: false },
);

export const verificationsPage = page(verificationSchema);

export type VerificationBody = Static<typeof verificationSchema>;
