// The evaluation report as it is answered: what every task has, and by task its metrics.
import { Type, type TProperties } from 'typebox';
import { evaluationFormatVersion } from '../../experiment/evaluation-format.ts';
import { nullable } from '../../experiment/schema.ts';
import { sha256, sizeBytes } from './answer.ts';
import { profileSchema } from './profile.ts';

const share = Type.Number({ minimum: 0, maximum: 1 });
const count = Type.Integer({ minimum: 0 });
const least0 = Type.Number({ minimum: 0 });
const correlation = Type.Number({ minimum: -1, maximum: 1 });
const loss = (description: string) => Type.Number({ minimum: 0, description });

const classMetrics = { precision: share, recall: share, f1: share, support: count };

/** Where a metric is not defined for the labels and predictions it is null. */
const ranking = { rocAuc: nullable(share), averagePrecision: nullable(share) };

const ofClasses = {
  accuracy: share,
  macroF1: Type.Number({ minimum: 0, maximum: 1, description: 'Over the classes that occur.' }),
  weightedF1: share,
  perClass: Type.Array(Type.Object(classMetrics)),
  confusionMatrix: Type.Array(Type.Array(count), { description: 'Rows: labels; columns: predictions.' }),
};

const exportedModel = {
  model: Type.Object({ sha256, sizeBytes }, { description: 'An ONNX file.' }),
  largestLogitDifference: Type.Number({
    minimum: 0,
    description: 'float32: from the graph that was trained; int8: from float32.',
  }),
};

const inReport = {
  formatVersion: Type.Literal(evaluationFormatVersion),
  experimentId: Type.String(),
  snapshotSha256: sha256,
  checkpoint: Type.Object({ step: count, id: sha256, weightsSha256: sha256 }),
  labels: Type.Array(Type.String(), {
    description: 'In the order of perClass, perLabel and of the confusion matrix; none of a regression.',
  }),
  predictions: Type.Object({ sha256, sizeBytes }, { description: 'The stored prediction of every row.' }),
  inference: Type.Object(
    {
      float32: Type.Object({
        ...exportedModel,
        comparedRows: Type.Integer({
          minimum: 0,
          description: 'Rows that the graph that was trained has computed too.',
        }),
      }),
      int8: Type.Object({
        ...exportedModel,
        metrics: Type.Record(Type.String(), nullable(Type.Number()), {
          description: 'Its metrics that are one number.',
        }),
      }),
    },
    { description: 'The exported models: the report’s metrics are those of float32.' },
  ),
  training: Type.Object({
    specSha256: sha256,
    profile: profileSchema,
    ledger: Type.Object({ steps: count, sha256 }),
  }),
};

const report = <Task extends string, Metrics extends TProperties>(task: Task, metrics: Metrics) =>
  Type.Object({ task: Type.Literal(task), ...inReport, ...metrics });

const classification = report('classification', {
  loss: loss('Mean cross-entropy, without label smoothing or class weights; logLoss is the same.'),
  ...ofClasses,
  matthews: correlation,
  logLoss: least0,
  brier: Type.Number({ minimum: 0, maximum: 2, description: 'Summed over the classes.' }),
  expectedCalibrationError: Type.Number({ minimum: 0, maximum: 1, description: 'Over 15 bins.' }),
  ...ranking,
});

const multiLabel = report('multiLabel', {
  loss: loss('Mean binary cross-entropy over rows and labels.'),
  subsetAccuracy: Type.Number({ minimum: 0, maximum: 1, description: 'Rows with every label right.' }),
  hammingLoss: share,
  microF1: share,
  macroF1: share,
  weightedF1: share,
  ...ranking,
  perLabel: Type.Array(Type.Object({ ...classMetrics, ...ranking })),
});

const regression = report('regression', {
  loss: loss('Mean squared error, as mse.'),
  mse: least0,
  rmse: least0,
  mae: least0,
  r2: nullable(Type.Number({ maximum: 1 })),
  pearson: nullable(correlation),
  spearman: nullable(correlation),
});

const tokenClassification = report('tokenClassification', {
  loss: loss('Mean cross-entropy of the words that carry a label.'),
  tokens: Type.Integer({ minimum: 0, description: 'Of these words.' }),
  ...ofClasses,
  entities: nullable(
    Type.Object(
      {
        ...classMetrics,
        perType: Type.Array(Type.Object({ type: Type.String(), ...classMetrics })),
      },
      { description: 'Whole entities, where the labels are of the IOB2 scheme.' },
    ),
  ),
});

/** The report of each task. */
export const evaluationSchemas = { classification, multiLabel, regression, tokenClassification } as const;

/** Registered once; the report is answered as it was stored. */
export const evaluationSchema = Type.Union([classification, multiLabel, regression, tokenClassification], {
  $id: 'Evaluation',
  description: 'task tells which metrics there are.',
});
