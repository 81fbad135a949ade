// Evaluation during training: when it comes, which step is the best, and how it ends training - also over a break.
import { describe, expect, it } from 'vitest';
import type {
  TrainingEvaluation,
  TrainingEvent,
  TrainingJob,
  TrainingState,
} from '../../src/training/job.ts';
import { startTraining } from '../../src/training/trainer.ts';
import { allEvents, hashState, madeUpExamples, tinyJob, tinyRecipe } from './tiny-task.ts';

const evaluation: TrainingEvaluation = {
  examples: { examples: madeUpExamples(20), targetKind: 'class' },
  batchSize: 8,
  labelNames: ['a', 'b', 'c'],
  everySteps: 2,
  metric: 'loss',
  higherIsBetter: false,
  patience: 2,
};

/** A job whose loss is the same at each evaluation: the first is the best. */
function still(changes: Partial<TrainingEvaluation> = {}): TrainingJob {
  return tinyJob({
    recipe: { ...tinyRecipe, learningRate: 1e-30, weightDecay: 0 },
    evaluation: { ...evaluation, ...changes },
  });
}

function of<Kind extends TrainingEvent['kind']>(events: readonly TrainingEvent[], kind: Kind) {
  return events.filter((event): event is Extract<TrainingEvent, { kind: Kind }> => event.kind === kind);
}

async function stateAt(job: TrainingJob, step: number): Promise<TrainingState> {
  const run = startTraining({ ...job, checkpoint: { everySteps: 1, everySeconds: 1000 } });
  for await (const event of run.events)
    if (event.kind === 'checkpoint' && event.state.step === step) return event.state;
  throw new Error('no checkpoint');
}

describe('evaluation during training', () => {
  it('comes after every so many steps, and tells a checkpoint of each best step', async () => {
    const events = await allEvents(startTraining(still({ patience: null })));
    const told = of(events, 'evaluation').map(({ step, isBest }) => [step, isBest]);
    expect(told).toEqual(Array.from({ length: 12 }, (_, index) => [2 * index + 2, index === 0]));
    const checkpoints = of(events, 'checkpoint').map(({ state, reason }) => [state.step, reason]);
    expect(checkpoints).toEqual([
      [2, 'best'],
      [24, 'finished'],
    ]);
  });

  it('comes at the end of each epoch where nothing else is asked for', async () => {
    const events = await allEvents(startTraining(still({ patience: null, everySteps: null })));
    expect(of(events, 'evaluation').map(({ step }) => step)).toEqual([8, 16, 24]);
  });

  it('changes no bit of what is learnt', async () => {
    const end = async (job: TrainingJob): Promise<TrainingState> =>
      of(await allEvents(startTraining(job)), 'checkpoint').at(-1)!.state;
    const evaluated = await end(tinyJob({ evaluation: { ...evaluation, patience: null } }));
    expect(hashState({ ...evaluated, evaluations: null })).toBe(hashState(await end(tinyJob())));
  });

  it('ends training when so many evaluations brought nothing better', async () => {
    const events = await allEvents(startTraining(still()));
    expect(of(events, 'evaluation').map(({ step }) => step)).toEqual([2, 4, 6]);
    expect(events.at(-1)).toEqual({ kind: 'ended', outcome: 'finished', step: 6 });
    expect(of(events, 'checkpoint').at(-1)).toMatchObject({
      reason: 'finished',
      state: { step: 6, evaluations: { lastStep: 6, best: { step: 2 }, sinceBest: 2 } },
    });
  });

  it('does not count an evaluation as better or worse whose metric is not defined', async () => {
    const events = await allEvents(startTraining(still({ metric: 'no such metric' })));
    expect(events.at(-1)).toEqual({ kind: 'ended', outcome: 'finished', step: 4 });
    expect(of(events, 'checkpoint').at(-1)!.state.evaluations).toMatchObject({ best: null });
  });

  it.each([1, 2, 3, 4, 5])(
    'ends at the same step with the same bytes when resumed after step %i',
    async (step) => {
      const whole = of(await allEvents(startTraining(still())), 'checkpoint').at(-1)!.state;
      const start = await stateAt(still(), step);
      const events = await allEvents(startTraining({ ...still(), start }));
      expect(hashState(of(events, 'checkpoint').at(-1)!.state)).toBe(hashState(whole));
    },
  );

  it('makes up for an evaluation that was due when the run broke off', async () => {
    const { evaluations: _, ...state } = await stateAt(still(), 2);
    const events = await allEvents(startTraining({ ...still(), start: { ...state, evaluations: null } }));
    expect(of(events, 'evaluation').map(({ step }) => step)).toEqual([2, 4, 6]);
  });

  it('ends later when the memory of the evaluations is lost', async () => {
    const state = await stateAt(still(), 5);
    const lost = await allEvents(startTraining({ ...still(), start: { ...state, evaluations: null } }));
    expect(lost.at(-1)).toEqual({ kind: 'ended', outcome: 'finished', step: 10 });
    const memory = { ...state.evaluations!, sinceBest: 0 };
    const changed = await allEvents(startTraining({ ...still(), start: { ...state, evaluations: memory } }));
    expect(changed.at(-1)).toEqual({ kind: 'ended', outcome: 'finished', step: 8 });
  });
});
