// The answer to a request for an estimate.
import { Type, type Static } from 'typebox';
import { warningCodes } from '../../estimate/warnings.ts';
import { nullable } from '../../experiment/schema.ts';
import { oneOf } from './answer.ts';

const count = (description: string) => nullable(Type.Integer({ minimum: 0, description }));
const seconds = (description: string) => nullable(Type.Number({ minimum: 0, description }));

export const estimateSchema = Type.Object(
  {
    tokens: count('That are trained on and evaluated, each pass counted.'),
    steps: count('Without an early stop.'),
    memoryBytes: count('Of the training worker’s process at its peak.'),
    stepSeconds: seconds(
      'Of a step of as many tokens as the mean; null while no worker has trained anything.',
    ),
    totalSeconds: seconds('Of training and evaluating, without preparing and waiting.'),
    checkpointBytes: count(
      'Of each checkpoint: what is trained, and the optimizer’s moments. The model that training began with is stored once beside them.',
    ),
    fits: nullable(
      Type.Boolean({
        description: 'Whether the training worker seen last has the memory; null where none was seen.',
      }),
    ),
    warnings: Type.Array(Type.Object({ code: oneOf(warningCodes), message: Type.String() })),
  },
  { description: 'null: what it depends on is not known before the experiment is prepared.' },
);

export type EstimateBody = Static<typeof estimateSchema>;
