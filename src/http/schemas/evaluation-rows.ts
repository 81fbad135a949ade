// The evaluated rows as they are answered, and the parameters of their list.
import { Type } from 'typebox';
import { cursor, limit, oneOf, page } from './answer.ts';

export const evaluationRowsQuery = Type.Object(
  { limit: limit(1000, 100), cursor, sort: oneOf(['row', '-loss'], { default: 'row' }) },
  { additionalProperties: false },
);

const prediction = Type.Union([Type.String(), Type.Number(), Type.Array(Type.String())], {
  description: 'A class, a number, the names of a multi-label row, or a class for each word.',
});

export const evaluationRowsPage = page(
  Type.Object({
    row: Type.Integer({ minimum: 0 }),
    text: Type.String(),
    textPair: Type.Optional(Type.String({ description: 'Of pairs, the second text.' })),
    label: prediction,
    predicted: prediction,
    logits: Type.Array(Type.Number(), {
      description: 'In the order of the report’s labels; of a regression the value; none of words.',
    }),
    loss: Type.Number(),
  }),
);
