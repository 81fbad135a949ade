// The evaluation report as it is stored and answered.
import { Type } from 'typebox';
import { cursor, limit, oneOf, page, sha256, sizeBytes } from './answer.ts';
import { profileSchema } from './profile.ts';

const share = Type.Number({ minimum: 0, maximum: 1 });
const count = Type.Integer({ minimum: 0 });

/** Registered once; the report is answered as it was stored. */
export const evaluationSchema = Type.Object(
  {
    formatVersion: Type.Literal(1),
    experimentId: Type.String(),
    task: Type.Literal('classification'),
    snapshotSha256: sha256,
    checkpoint: Type.Object({ step: count, id: sha256, weightsSha256: sha256 }),
    labels: Type.Array(Type.String(), {
      description: 'In the order of perClass and of the confusion matrix.',
    }),
    loss: Type.Number({ description: 'Mean cross-entropy.' }),
    accuracy: share,
    macroF1: Type.Number({ minimum: 0, maximum: 1, description: 'Over the classes that occur.' }),
    weightedF1: share,
    matthews: Type.Number({ minimum: -1, maximum: 1 }),
    perClass: Type.Array(Type.Object({ precision: share, recall: share, f1: share, support: count })),
    confusionMatrix: Type.Array(Type.Array(count), { description: 'Rows: labels; columns: predictions.' }),
    predictions: Type.Object({ sha256, sizeBytes }, { description: 'The stored prediction of every row.' }),
    training: Type.Object({
      specSha256: sha256,
      profile: profileSchema,
      ledger: Type.Object({ steps: count, sha256 }),
    }),
  },
  { $id: 'Evaluation' },
);

export const evaluationRowsQuery = Type.Object(
  { limit: limit(1000, 100), cursor, sort: oneOf(['row', '-loss'], { default: 'row' }) },
  { additionalProperties: false },
);

export const evaluationRowsPage = page(
  Type.Object({
    row: count,
    text: Type.String(),
    label: Type.String(),
    predicted: Type.String(),
    logits: Type.Array(Type.Number(), { description: 'In the order of the report’s labels.' }),
    loss: Type.Number(),
  }),
);
