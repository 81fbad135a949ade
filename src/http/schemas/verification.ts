// What is asked of a verification, and what it found.
import { Type, type Static } from 'typebox';
import { nullable } from '../../experiment/schema.ts';
import { greatestStep } from './result.ts';
import { oneOf, time } from './answer.ts';

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
    description: 'undecided: a worker of another numeric profile computed, which gives other bits.',
  }),
  fromStep: step,
  toStep: step,
  firstDifferentStep: nullable(step),
  reason: nullable(Type.String({ description: 'What differs, or why nothing can be told.' })),
  host: nullable(Type.String({ description: 'The machine that computed.' })),
  createdAt: time,
  finishedAt: nullable(time),
});

export type VerificationBody = Static<typeof verificationSchema>;
