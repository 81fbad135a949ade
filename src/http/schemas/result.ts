// What an experiment has to show besides itself: metrics, checkpoints, attempts, ledger.
import { Type } from 'typebox';
import { eventTypes } from '../../database/event-repository.ts';
import { attemptCauses } from '../../experiment/attempt.ts';
import { greatestStep } from '../../experiment/steps.ts';
import { allMetricNames } from '../../experiment/metric-names.ts';
import { metricNames } from '../../database/metric-repository.ts';
import { nullable } from '../../experiment/schema.ts';
import { cursor, limit, oneOf, page, time } from './answer.ts';
import { checkpointSchema } from './experiment.ts';
import { profileSchema } from './profile.ts';

const step = Type.Integer({ minimum: 0, maximum: greatestStep });
const trainingPhase = oneOf(['pretraining', 'training']);
const uint32 = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 });

/** Curves of evaluations during training: the task's metrics behind a prefix. */
export const evaluationCurvePrefix = 'evaluation.';
const evaluationCurveNames = allMetricNames.map((name) => `${evaluationCurvePrefix}${name}` as const);

export const metricsQuery = Type.Object(
  {
    name: Type.Optional(oneOf([...metricNames, ...evaluationCurveNames])),
    maxPoints: Type.Integer({ minimum: 2, maximum: 10_000, default: 1000 }),
    fromStep: Type.Integer({ minimum: 0, maximum: greatestStep, default: 0 }),
    toStep: Type.Integer({ minimum: 0, maximum: greatestStep, default: greatestStep }),
  },
  { additionalProperties: false },
);

export const metricsPage = page(
  Type.Object({
    name: Type.String(),
    forkedFrom: Type.Optional(
      Type.Object(
        { experimentId: Type.String(), step: Type.Integer() },
        { description: 'Of a fork: the points up to this step were taken over.' },
      ),
    ),
    phases: Type.Optional(
      Type.Array(Type.Object({ phase: trainingPhase, fromStep: step, toStep: nullable(step) }), {
        description:
          'Of an experiment with a pretraining: which steps are of which phase. Their losses are not of one scale.',
      }),
    ),
    points: Type.Array(
      Type.Array(nullable(Type.Number()), { minItems: 2, maxItems: 2, description: '[step, value]' }),
    ),
  }),
);

export const checkpointsQuery = Type.Object(
  { limit: limit(200, 50), cursor },
  { additionalProperties: false },
);
export const checkpointsPage = page(checkpointSchema);

export const attemptsQuery = Type.Object(
  { limit: limit(1000, 1000), cursor },
  { additionalProperties: false },
);

export const attemptsPage = page(
  Type.Object({
    lease: Type.Integer({ description: 'Grows with each attempt of any kind.' }),
    phase: nullable(trainingPhase),
    startedAt: time,
    endedAt: nullable(time),
    cause: nullable(oneOf(attemptCauses)),
    message: nullable(Type.String()),
    startStep: nullable(step),
    stepsDone: step,
    stepsRepeated: step,
    refusedAt: {
      ...nullable(time),
      description: 'When it came back after it had been replaced, and its write was refused.',
    },
    host: Type.String(),
    provider: nullable(Type.String()),
    threads: nullable(Type.Integer()),
    segment: Type.Integer({ description: 'Of the ledger; another numeric profile opens the next.' }),
    profile: nullable(profileSchema),
  }),
);

export const ledgerQuery = Type.Object(
  { limit: limit(10_000, 1000), cursor },
  { additionalProperties: false },
);

export const ledgerPage = page(
  Type.Object({
    step,
    lossBits: uint32,
    gradientNormBits: uint32,
    examples: Type.Integer({ minimum: 0 }),
    lease: Type.Integer(),
    segment: Type.Integer(),
  }),
);

export const eventSchema = Type.Object(
  {
    id: Type.Integer({ description: 'Counts from 1 within the experiment, without a gap.' }),
    experimentId: Type.String(),
    type: oneOf(eventTypes),
    createdAt: time,
    data: Type.Record(Type.String(), Type.Unknown(), {
      description:
        'Of attemptEnded: lease, phase, cause and message, which may be null. Of stateChanged: from, to and error.',
    }),
  },
  { $id: 'Event' },
);
