// What is asked of a trained model over HTTP, and its answer.
import { Type } from 'typebox';
import { nullable } from '../../experiment/schema.ts';
import { predictionLimits } from '../../experiment/prediction.ts';

const text = Type.String({
  maxLength: predictionLimits.textCharacters,
  pattern: '\\S',
  description: 'Has something besides spaces.',
});
const items = { minItems: 1, maxItems: predictionLimits.items };

export const predictionRequestSchema = Type.Object(
  {
    texts: Type.Optional(
      Type.Array(text, {
        ...items,
        description:
          'Of a tokenClassification, each is split into words as the text cells of its dataset were.',
      }),
    ),
    pairs: Type.Optional(
      Type.Array(Type.Array(text, { minItems: 2, maxItems: 2 }), {
        ...items,
        description: 'Instead of texts, where the experiment has a textPairField.',
      }),
    ),
  },
  { additionalProperties: false, description: 'Exactly one of texts, pairs; at most 1 MiB.' },
);

const share = Type.Number({ minimum: 0, maximum: 1 });
const probabilities = Type.Record(Type.String(), share, { description: 'By label.' });

export const predictionAnswerSchema = Type.Object({
  items: Type.Array(
    Type.Union([
      Type.Object({ label: Type.String(), probabilities }, { description: 'Of a classification.' }),
      Type.Object(
        { labels: Type.Array(Type.String()), probabilities },
        { description: 'Of a multiLabel task: those with a probability of at least 0.5.' },
      ),
      Type.Object({ value: Type.Number() }, { description: 'Of a regression.' }),
      Type.Object(
        {
          words: Type.Array(
            Type.Object({
              word: Type.String(),
              label: nullable(Type.String({ description: 'null: beyond what the model reads.' })),
              probability: nullable(share),
            }),
          ),
        },
        { description: 'Of a tokenClassification.' },
      ),
    ]),
    { description: 'One a text or pair, in their order.' },
  ),
});
