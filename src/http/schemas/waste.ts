// Where the time of experiments went.
import { Type } from 'typebox';
import { nullable } from '../../experiment/schema.ts';
import { wasteCauses } from '../../waste/waste.ts';
import { oneOf } from './answer.ts';

const seconds = Type.Number({ minimum: 0 });
const day = Type.String({ format: 'date', description: 'In UTC.' });
const cause = oneOf(wasteCauses);
const usefulShare = nullable(Type.Number({ minimum: 0, maximum: 1 }));

export const wasteSchema = Type.Object(
  {
    usefulSeconds: { ...seconds, description: 'In steps that were recorded for the first time.' },
    repeatedSeconds: { ...seconds, description: 'In steps that had been recorded before.' },
    restoringSeconds: {
      ...seconds,
      description: 'From the start of an attempt until it was ready for a step.',
    },
    queuedSeconds: { ...seconds, description: 'Between attempts.' },
    stalledSeconds: {
      ...seconds,
      description:
        'In which training stood still for a checkpoint, or in silence before an attempt was given up, or in an attempt at ' +
        'preparing or evaluating that did not complete.',
    },
    evaluationSeconds: seconds,
    preparingSeconds: seconds,
    pausedSeconds: seconds,
    usefulShare: {
      ...usefulShare,
      description: 'usefulSeconds as a share of itself, the repeated, restoring, queued and stalled ones.',
    },
    causes: Type.Array(Type.Object({ cause, seconds }), {
      description: 'Of the repeated, restoring, queued and stalled seconds.',
    }),
  },
  { $id: 'Waste' },
);

export const wasteQuery = Type.Object(
  {
    from: Type.Optional({ ...day, description: 'The first day, in UTC. Left out: the 30th up to `to`.' }),
    to: Type.Optional({ ...day, description: 'The last day, in UTC. Left out: today.' }),
  },
  { additionalProperties: false },
);

export const wasteByDaySchema = Type.Object({
  items: Type.Array(Type.Object({ day, cause, seconds }), {
    description: 'The seconds of a day that were spent in nothing that counted, by cause.',
  }),
  days: Type.Array(Type.Object({ day, usefulSeconds: seconds, wastedSeconds: seconds, usefulShare }), {
    description: 'Every day on which anything was spent.',
  }),
});
