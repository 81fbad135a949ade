// The experiment as it is answered, and the parameters of its list.
import { Type, type Static } from 'typebox';
import { nullable } from '../../experiment/schema.ts';
import { experimentStates } from '../../experiment/state.ts';
import { modelSourceSchema, splitNamePattern } from '../../experiment/submission.ts';
import { cursor, limit, oneOf, sha256, sizeBytes, time } from './answer.ts';
import { trainingSpecSchema } from './training.ts';

const stateSchema = oneOf(experimentStates);
const whole = Type.Integer({ minimum: 0 });

const progressSchema = Type.Object({
  step: whole,
  totalSteps: whole,
  epoch: Type.Number({ minimum: 0 }),
  loss: nullable(Type.Number()),
  learningRate: nullable(Type.Number()),
  tokensPerSecond: nullable(Type.Number()),
  etaSeconds: nullable(
    Type.Number({ description: '0 once training is over; null where it is not known, or nothing trains.' }),
  ),
  complete: Type.Boolean({
    description:
      'Training is over. With an early stop that may be before totalSteps, which is what was planned.',
  }),
});

const lastFailureSchema = Type.Object(
  {
    message: Type.String(),
    since: time,
    attempts: Type.Integer({ minimum: 1, description: 'How many in a row have failed.' }),
  },
  {
    description:
      'Of an experiment in state preparing, training or evaluating: why the last attempt at that failed, for instance since ' +
      'the hub is away or a worker has no GPU, and since when attempts in a row do. It is tried again by itself.',
  },
);

const snapshotSchema = Type.Object({
  id: Type.String(),
  sha256,
  rows: Type.Object({ train: whole, evaluation: whole, leftOut: whole }),
  labels: Type.Array(Type.String()),
  tokens: whole,
});

export const checkpointSchema = Type.Object({ step: whole, id: sha256, sizeBytes, createdAt: time });

const splitName = Type.String({ pattern: splitNamePattern });

const specSchema = Type.Object(
  {
    name: Type.String(),
    tags: Type.Array(Type.String()),
    model: modelSourceSchema,
    dataset: Type.Object({
      id: Type.Optional(Type.String()),
      hub: Type.Optional(Type.String({ description: 'org/name on the hub, instead of id.' })),
      config: Type.Optional(nullable(Type.String())),
      revision: Type.Optional(nullable(Type.String())),
      textField: Type.String(),
      textPairField: nullable(Type.String()),
      labelField: Type.String(),
      task: Type.String(),
      trainSplit: splitName,
      evaluationSplit: nullable(splitName),
      evaluationFraction: nullable(Type.Number()),
      maxTrainSamples: nullable(whole),
      maxEvaluationSamples: nullable(whole),
      shuffleBeforeSelect: Type.Boolean(),
    }),
    training: trainingSpecSchema,
    evaluation: Type.Object({ batchSize: whole }),
    limits: Type.Object({ durationSeconds: nullable(whole) }),
  },
  { description: 'The submission with every default filled in.' },
);

const itemFields = {
  id: Type.String(),
  name: Type.String(),
  tags: Type.Array(Type.String()),
  state: stateSchema,
  requestedAction: nullable(oneOf(['pause', 'resume', 'cancel'])),
  waitingFor: nullable(
    Type.Object({
      kind: oneOf(['worker', 'temporal']),
      queue: Type.String(),
    }),
  ),
  progress: nullable(progressSchema),
  snapshot: nullable(snapshotSchema),
  latestCheckpoint: nullable(checkpointSchema),
  attempts: Type.Integer({ minimum: 0, description: 'Attempts at training.' }),
  forkedFrom: nullable(
    Type.Object(
      { experimentId: Type.String(), step: Type.Integer() },
      { description: 'The experiment that it went on from, and the last step that it took over.' },
    ),
  ),
  error: nullable(Type.Object({ code: Type.String(), message: Type.String() })),
  createdAt: time,
  startedAt: nullable(time),
  finishedAt: nullable(time),
  version: Type.Integer({ description: 'Counts every change; the ETag.' }),
};

export const experimentItemSchema = Type.Object(itemFields);

export const experimentSchema = Type.Object(
  {
    ...itemFields,
    spec: specSchema,
    evaluation: nullable(Type.Object({ metrics: Type.Record(Type.String(), nullable(Type.Number())) })),
    lastFailure: nullable(lastFailureSchema),
    links: Type.Record(Type.String(), Type.String()),
  },
  { $id: 'Experiment' },
);

/** Names the schema that the document holds once. */
export const experimentReference = Type.Unsafe<Static<typeof experimentSchema>>({ $ref: 'Experiment#' });

type Readonlyish<T> = T extends readonly (infer I)[]
  ? readonly Readonlyish<I>[]
  : T extends object
    ? { readonly [K in keyof T]: Readonlyish<T[K]> }
    : T;

/** The bodies as the view makes them: what the schemas say, read-only. */
export type ExperimentItemBody = Readonlyish<Static<typeof experimentItemSchema>>;
export type ExperimentBody = Readonlyish<Static<typeof experimentSchema>>;

export const listExperimentsQuery = Type.Object(
  {
    state: Type.Optional(stateSchema),
    tag: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'A part of the name.' })),
    createdAfter: Type.Optional(time),
    createdBefore: Type.Optional(time),
    limit: limit(200, 50),
    cursor,
    sort: oneOf(['-createdAt', 'createdAt'], { default: '-createdAt' }),
  },
  { additionalProperties: false },
);
