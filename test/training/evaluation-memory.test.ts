// Evaluations during training: what is remembered, when training ends for it, and that a resumed run remembers the same.
import { describe, expect, it } from 'vitest';
import type { TrainingEvent, TrainingJob } from '../../src/training/job.ts';
import { remember } from '../../src/training/runtime/training-evaluation.ts';
import { startTraining } from '../../src/training/trainer.ts';
import { allEvents, hashState, tinyJob } from './tiny-task.ts';

function evaluated(changes: Partial<NonNullable<TrainingJob['evaluation']>> = {}): TrainingJob {
  const job = tinyJob();
  return {
    ...job,
    recipe: { ...job.recipe, epochs: 12 },
    evaluation: {
      examples: job.examples,
      batchSize: 8,
      labelNames: ['a', 'b', 'c'],
      everySteps: 5,
      metric: 'loss',
      higherIsBetter: false,
      patience: null,
      ...changes,
    },
  };
}

function of<Kind extends TrainingEvent['kind']>(events: readonly TrainingEvent[], kind: Kind) {
  return events.filter((event): event is Extract<TrainingEvent, { kind: Kind }> => event.kind === kind);
}

describe('what is remembered of evaluations', () => {
  it('is the first of the best values, in the direction of the metric, and how long ago it was', () => {
    const values = [3, 2, 2, null, 4];
    const after = (higherIsBetter: boolean) =>
      values.reduce(
        (memory, value, index) => remember(memory, index + 1, value, higherIsBetter),
        null as ReturnType<typeof remember> | null,
      );
    expect(after(false)).toEqual({ lastStep: 5, best: { step: 2, value: 2 }, sinceBest: 3 });
    expect(after(true)).toEqual({ lastStep: 5, best: { step: 5, value: 4 }, sinceBest: 0 });
  });

  it('is no best value while none is defined', () => {
    expect(remember(null, 1, null, true)).toEqual({ lastStep: 1, best: null, sinceBest: 1 });
  });
});

describe('training with evaluations', () => {
  it('makes one at each step at which one is due, and a checkpoint of each best', async () => {
    const events = await allEvents(startTraining(evaluated()));
    const evaluations = of(events, 'evaluation');
    expect(evaluations.map(({ step }) => step)).toEqual(
      Array.from({ length: 19 }, (_, index) => 5 * (index + 1)),
    );
    const best = evaluations.filter(({ isBest }) => isBest).map(({ step }) => step);
    expect(best.length).toBeGreaterThan(1);
    expect(
      of(events, 'checkpoint')
        .filter(({ reason }) => reason === 'best')
        .map(({ state }) => state.step),
    ).toEqual(best);
    expect(evaluations[0]?.metrics).toHaveProperty('accuracy');
  });

  it('does not change what is trained', async () => {
    const { evaluation: _none, ...job } = evaluated();
    const last = (events: readonly TrainingEvent[]) => of(events, 'checkpoint').at(-1)!.state;
    const plain = last(await allEvents(startTraining({ ...job, evaluation: null })));
    const watched = last(await allEvents(startTraining(evaluated())));
    expect(hashState({ ...watched, evaluations: null })).toBe(hashState({ ...plain, evaluations: null }));
  });

  it('ends after as many evaluations without a better one as its patience, also when resumed in between', async () => {
    // A metric that cannot get better after the first time: the loss is asked to rise.
    const patient = evaluated({ higherIsBetter: true, patience: 3 });
    const events = await allEvents(startTraining(patient));
    const ended = of(events, 'ended')[0]!;
    const memory = of(events, 'checkpoint').at(-1)!.state.evaluations!;
    expect(ended).toMatchObject({ outcome: 'finished', step: (memory.best?.step ?? 0) + 15 });
    const due = { checkpoint: { everySteps: 7, everySeconds: 1000 } };
    const middle = of(await allEvents(startTraining({ ...patient, ...due })), 'checkpoint').find(
      ({ reason }) => reason === 'due',
    )!.state;
    const resumed = await allEvents(startTraining({ ...patient, start: middle }));
    expect(of(resumed, 'ended')[0]).toEqual(ended);
    expect(hashState(of(resumed, 'checkpoint').at(-1)!.state)).toBe(
      hashState(of(events, 'checkpoint').at(-1)!.state),
    );
  });

  it('ends elsewhere when what was remembered is lost', async () => {
    const patient = evaluated({ higherIsBetter: true, patience: 3 });
    const events = await allEvents(
      startTraining({ ...patient, checkpoint: { everySteps: 7, everySeconds: 1000 } }),
    );
    const late = of(events, 'checkpoint').findLast(({ reason }) => reason === 'due')!.state;
    const forgetful = await allEvents(startTraining({ ...patient, start: { ...late, evaluations: null } }));
    expect(of(forgetful, 'ended')[0]?.step).not.toBe(of(events, 'ended')[0]?.step);
  });
});
