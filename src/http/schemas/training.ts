// The `training` of a specification as it is answered: a submission's, with nothing left out.
import { Type } from 'typebox';
import { allMetricNames } from '../../experiment/metric-names.ts';
import { nullable } from '../../experiment/schema.ts';
import { oneOf } from './answer.ts';

const whole = Type.Integer({ minimum: 0 });
const share = Type.Number({ minimum: 0, exclusiveMaximum: 1 });

export const trainingSpecSchema = Type.Object({
  epochs: whole,
  batchSize: whole,
  learningRate: Type.Number(),
  maxSequenceLength: whole,
  weightDecay: Type.Number(),
  warmupRatio: Type.Number({ description: '0 where warmupSteps is set.' }),
  warmupSteps: nullable(whole),
  schedule: oneOf(['linear', 'cosine', 'polynomial', 'constant', 'inverseSquareRoot']),
  gradientClipping: nullable(Type.Number()),
  gradientAccumulation: whole,
  optimizer: Type.Object({ name: oneOf(['adamw', 'sgd']) }),
  dropout: share,
  labelSmoothing: share,
  classWeights: nullable(Type.Union([Type.Literal('balanced'), Type.Record(Type.String(), Type.Number())])),
  seed: whole,
  seeds: Type.Object({ head: whole, order: whole, dropout: whole }),
  freeze: Type.Object({ embeddings: Type.Boolean(), layers: whole }),
  layerDecay: nullable(Type.Number()),
  lora: nullable(Type.Object({ rank: whole, alpha: Type.Number(), dropout: share })),
  checkpoint: Type.Object({
    everySteps: whole,
    everySeconds: Type.Number(),
    keepLast: whole,
    keepBest: Type.Boolean(),
  }),
  earlyStopping: nullable(Type.Object({ metric: oneOf(allMetricNames), patience: whole })),
  evaluateEverySteps: nullable(whole),
  pretraining: nullable(Type.Object({ epochs: whole })),
});
