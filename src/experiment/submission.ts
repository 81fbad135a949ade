// What a user submits: the schema that validates it, documents it and types it. Defaults are in spec.ts.
import { Type, type Static } from 'typebox';
import { nullable } from './schema.ts';
import { trainingSchema } from './training-schema.ts';

const closed = { additionalProperties: false } as const;

/** Neither those of ASCII nor the second set, U+0080 to U+009F (ISO/IEC 6429). */
const withoutControlCharacters = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$';

export const nameSchema = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: withoutControlCharacters,
  description: 'Without control characters.',
});

export const tagsSchema = Type.Array(
  Type.String({ minLength: 1, maxLength: 200, pattern: withoutControlCharacters }),
  { maxItems: 50 },
);

const whole = (minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, description });

/** Sizes of a model that starts from random weights. */
const scratchModelSchema = Type.Object(
  {
    layers: whole(1, 48, 'Transformer layers.'),
    hiddenSize: whole(1, 4096, 'Divisible by heads.'),
    heads: whole(1, 4096, 'Attention heads.'),
    intermediateSize: whole(1, 65_536, 'Width of the feed-forward layers.'),
    vocabularySize: whole(
      64,
      1_000_000,
      'Upper bound of the WordPiece vocabulary learned from the training split.',
    ),
    maxPositions: whole(3, 512, 'Longest sequence the model can take, in tokens.'),
  },
  closed,
);

export const modelSourceSchema = Type.Object(
  {
    id: Type.Optional(Type.String({ maxLength: 100, description: 'An uploaded model.' })),
    hub: Type.Optional(Type.String({ maxLength: 200, description: 'org/name on the Hugging Face hub.' })),
    revision: Type.Optional(
      nullable(Type.String({ maxLength: 200, description: 'Branch, tag or commit; only with hub.' })),
    ),
    scratch: Type.Optional(scratchModelSchema),
    experiment: Type.Optional(Type.String({ maxLength: 100, description: 'Weights of another experiment.' })),
    step: Type.Optional(Type.Integer({ minimum: 0, description: 'Only with experiment.' })),
  },
  { ...closed, description: 'Exactly one of id, hub, scratch, experiment.' },
);

const inlineRow = Type.Record(
  Type.String({ minLength: 1, maxLength: 200 }),
  Type.Union([
    Type.String(),
    Type.Number(),
    Type.Boolean(),
    Type.Null(),
    Type.Array(Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
      description: 'Words, labels of words, or the labels of a multi-label row.',
    }),
  ]),
);

export const splitNamePattern = '^[A-Za-z][A-Za-z0-9_-]{0,63}$';
const splitName = Type.String({ pattern: splitNamePattern });
const columnName = Type.String({ minLength: 1, maxLength: 1000 });

const taskSchema = Type.Union(
  [
    Type.Literal('auto'),
    Type.Literal('classification'),
    Type.Literal('regression'),
    Type.Literal('multiLabel'),
    Type.Literal('tokenClassification'),
  ],
  {
    description:
      'auto: a regression where every label is a number and one has a fraction, else a classification. ' +
      'multiLabel: a label is a list of names, its JSON text, or names separated by | (by , where there is no |); ' +
      'an empty list is a label, an empty cell is none. tokenClassification: text and label are lists of words ' +
      'and of as many labels, their JSON text, or words separated by spaces.',
  },
);

const datasetSourceSchema = Type.Object(
  {
    id: Type.Optional(Type.String({ maxLength: 100, description: 'An uploaded dataset.' })),
    hub: Type.Optional(Type.String({ maxLength: 200, description: 'org/name on the Hugging Face hub.' })),
    config: Type.Optional(nullable(Type.String({ maxLength: 200, description: 'Only with hub.' }))),
    revision: Type.Optional(nullable(Type.String({ maxLength: 200, description: 'Only with hub.' }))),
    rows: Type.Optional(
      Type.Record(splitName, Type.Array(inlineRow, { minItems: 1 }), {
        additionalProperties: false,
        description: 'Rows by split; over 1 MiB as JSON lines they are refused: 413.',
      }),
    ),
    textField: columnName,
    textPairField: Type.Optional(nullable(columnName)),
    labelField: columnName,
    task: Type.Optional(taskSchema),
    trainSplit: Type.Optional(splitName),
    evaluationSplit: Type.Optional(nullable(splitName)),
    evaluationFraction: Type.Optional(nullable(Type.Number({ minimum: 0.01, maximum: 0.5 }))),
    maxTrainSamples: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 1_000_000_000 }))),
    maxEvaluationSamples: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 1_000_000_000 }))),
    shuffleBeforeSelect: Type.Optional(Type.Boolean()),
  },
  { ...closed, description: 'Exactly one of id, hub, rows.' },
);

/** A year: what an attempt may take at most. */
const mostDurationSeconds = 31_536_000;

export const limitsSchema = Type.Object(
  {
    durationSeconds: Type.Optional(
      nullable(
        whole(
          1,
          mostDurationSeconds,
          'From the start of preparing on, pauses left out; then the experiment keeps its last steps and fails with duration_exceeded.',
        ),
      ),
    ),
  },
  closed,
);

export const submissionSchema = Type.Object(
  {
    name: nameSchema,
    tags: Type.Optional(tagsSchema),
    model: modelSourceSchema,
    dataset: datasetSourceSchema,
    training: Type.Optional(trainingSchema),
    evaluation: Type.Optional(
      Type.Object({ batchSize: Type.Optional(whole(1, 1024, 'Examples a batch.')) }, closed),
    ),
    limits: Type.Optional(limitsSchema),
  },
  { ...closed, title: 'Submission' },
);

export type Submission = Static<typeof submissionSchema>;
