// What a user may say of training: the schema of a submission's `training`. Defaults are in spec.ts.
import { Type, type Static } from 'typebox';
import { allMetricNames, type MetricName } from './metric-names.ts';
import { nullable } from './schema.ts';

const closed = { additionalProperties: false } as const;
export const mostSteps = 1_000_000_000;

const whole = (minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, description });
const share = (description: string) => Type.Number({ minimum: 0, exclusiveMaximum: 1, description });

const scheduleSchema = Type.Union(
  [
    Type.Literal('linear'),
    Type.Literal('cosine'),
    Type.Literal('polynomial'),
    Type.Literal('constant'),
    Type.Literal('inverseSquareRoot'),
  ],
  { description: 'Of the learning rate after the warmup, as Hugging Face transformers has them.' },
);

const optimizerSchema = Type.Object(
  { name: Type.Union([Type.Literal('adamw'), Type.Literal('sgd')]) },
  {
    ...closed,
    description:
      'adamw: betas 0.9 and 0.999, epsilon 1e-8, decoupled decay. sgd: momentum 0.9. Neither decays biases and LayerNorm.',
  },
);

const classWeightsSchema = Type.Union(
  [
    Type.Literal('balanced'),
    Type.Record(Type.String(), Type.Number({ minimum: 0, maximum: 1e6 }), { minProperties: 1 }),
  ],
  {
    description:
      'balanced: rows / (classes * rows of the class). Or a weight for every label. For classification and tokenClassification.',
  },
);

const seedSchema = whole(0, 2 ** 32 - 1, 'Decides all that is drawn, where seeds does not say otherwise.');
const oneSeed = (description: string) => Type.Optional(whole(0, 2 ** 32 - 1, description));

const seedsSchema = Type.Object(
  {
    head: oneSeed('New weights: the head, and of a model from scratch all.'),
    order: oneSeed('Which rows are taken, in which order.'),
    dropout: oneSeed('What is dropped; masks of pretraining.'),
  },
  { ...closed, description: 'Each is seed where it is left out.' },
);

const freezeSchema = Type.Object(
  {
    embeddings: Type.Optional(Type.Boolean()),
    layers: Type.Optional(whole(0, 48, 'So many of the lowest layers.')),
  },
  { ...closed, description: 'What is not trained.' },
);

const loraSchema = Type.Object(
  {
    rank: whole(1, 1024, 'Of every adapter.'),
    alpha: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1e6,
        description: 'An adapter is scaled by alpha / rank; 2 * rank where it is left out.',
      }),
    ),
    dropout: Type.Optional(share('Of an adapter’s input; 0 where it is left out.')),
  },
  {
    ...closed,
    description:
      'Adapters on the projections of attention and feed-forward layers; the encoder itself is not trained.',
  },
);

const checkpointSchema = Type.Object(
  {
    everySteps: Type.Optional(whole(1, mostSteps, 'A checkpoint is due after so many steps …')),
    everySeconds: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1_000_000,
        description: '… or so many seconds, whichever comes first.',
      }),
    ),
    keepLast: Type.Optional(whole(1, 1000, 'The latest checkpoints to keep.')),
    keepBest: Type.Optional(Type.Boolean()),
  },
  closed,
);

const earlyStoppingSchema = Type.Object(
  {
    metric: Type.Unsafe<MetricName>({
      type: 'string',
      enum: [...allMetricNames],
      description: 'Of the evaluation split; one that the task has.',
    }),
    patience: whole(1, 1000, 'Evaluations in a row without a better value, after which training ends.'),
  },
  { ...closed, description: 'The result is then the best checkpoint, not the last.' },
);

export const trainingSchema = Type.Object(
  {
    epochs: Type.Optional(whole(1, 1000, 'Passes over the training split.')),
    batchSize: Type.Optional(whole(1, 1024, 'Examples a batch.')),
    learningRate: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'Peak, after warmup.' }),
    ),
    maxSequenceLength: Type.Optional(whole(3, 512, 'Tokens; longer texts are cut.')),
    weightDecay: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    warmupRatio: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'Share of all steps; 0 with warmupSteps.' }),
    ),
    warmupSteps: Type.Optional(nullable(whole(0, mostSteps, 'Instead of warmupRatio.'))),
    schedule: Type.Optional(scheduleSchema),
    gradientClipping: Type.Optional(
      nullable(
        Type.Number({ exclusiveMinimum: 0, maximum: 1e6, description: 'Largest norm of all gradients.' }),
      ),
    ),
    gradientAccumulation: Type.Optional(whole(1, 1024, 'Batches a step.')),
    optimizer: Type.Optional(optimizerSchema),
    dropout: Type.Optional(share('Of embeddings, attention, hidden layers and the head’s input.')),
    labelSmoothing: Type.Optional(
      share('Share of a label that is spread over all; for classification and tokenClassification.'),
    ),
    classWeights: Type.Optional(nullable(classWeightsSchema)),
    seed: Type.Optional(seedSchema),
    seeds: Type.Optional(nullable(seedsSchema)),
    freeze: Type.Optional(nullable(freezeSchema)),
    layerDecay: Type.Optional(
      nullable(
        Type.Number({
          exclusiveMinimum: 0,
          maximum: 1,
          description: 'The learning rate of each layer is that of the one above times this.',
        }),
      ),
    ),
    lora: Type.Optional(nullable(loraSchema)),
    checkpoint: Type.Optional(checkpointSchema),
    earlyStopping: Type.Optional(nullable(earlyStoppingSchema)),
    evaluateEverySteps: Type.Optional(
      nullable(
        whole(1, mostSteps, 'Steps between evaluations; null: after each epoch where earlyStopping is set.'),
      ),
    ),
    pretraining: Type.Optional(
      nullable(
        Type.Object(
          { epochs: whole(1, 1000, 'Passes over the training split.') },
          { ...closed, description: 'Masked-language-model training on the texts, before all else.' },
        ),
      ),
    ),
  },
  closed,
);

export type SubmittedTraining = Static<typeof trainingSchema>;
