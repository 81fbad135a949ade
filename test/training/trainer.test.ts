// The trainer through its public interface: the thread, its events, exact resume.
import { describe, expect, it } from 'vitest';
import type { Example, TargetKind } from '../../src/text/example-table.ts';
import { initialParameters } from '../../src/training/initial-parameters.ts';
import type { ModelHead, Recipe, TrainingEvent, TrainingJob, TrainingState } from '../../src/training/job.ts';
import { trainableModel } from '../../src/training/trainable.ts';
import { startTraining } from '../../src/training/trainer.ts';
import {
  allEvents,
  floatTargets,
  hashState,
  madeUpExamples,
  tinyConfig,
  tinyJob,
  tinyJobOf,
} from './tiny-task.ts';

type Checkpoint = Extract<TrainingEvent, { kind: 'checkpoint' }>;

function checkpointsOf(events: readonly TrainingEvent[]): Checkpoint[] {
  return events.filter((event) => event.kind === 'checkpoint');
}

function recordsOf(events: readonly TrainingEvent[]) {
  return events.flatMap((event) => (event.kind === 'steps' ? event.steps : []));
}

async function finalState(job: TrainingJob): Promise<TrainingState> {
  return checkpointsOf(await allEvents(startTraining(job))).at(-1)!.state;
}

function jobOf(
  task: ModelHead['task'],
  labels: number,
  targetsOf: (example: Example) => Int32Array,
): TrainingJob {
  const examples = madeUpExamples(61).map((example) => ({ ...example, targets: targetsOf(example) }));
  const targetKind = { regression: 'value', multiLabel: 'labels' }[task as string] ?? 'tokenClasses';
  return tinyJob({
    head: { task, labelCount: labels },
    examples: { examples, targetKind: targetKind as TargetKind },
    masking: task === 'maskedLanguage' ? masking : null,
  });
}

const masking = { maskId: 1, specialIds: new Set([0, 1, 2, 3]), vocabularySize: 60 };
const secondOf = ({ tokenIds }: Example): number => tokenIds[1]!;
// Widely spread weights, from which SGD and adapters come away sooner.
const wide = { ...tinyConfig, initializerRange: 0.5 };
const sgd = { optimizer: 'sgd', learningRate: 0.05 } as const;
const adapters = { lora: { rank: 8, alpha: 8, dropout: 0 }, epochs: 200 };

/** For each what is learnt, how, the loss at first at least, and in the last epoch at most. */
const learners: readonly (readonly [string, TrainingJob, Partial<Recipe>, number, number])[] = [
  ['classes', tinyJob(), {}, 1, 0.5],
  ['classes with SGD', tinyJob({ config: wide }), sgd, 1, 0.5],
  ['classes with adapters', tinyJob({ config: wide }), adapters, 1, 0.8],
  ['numbers', jobOf('regression', 1, (example) => floatTargets([secondOf(example) / 20])), {}, 2, 0.1],
  [
    'sets of labels',
    jobOf('multiLabel', 2, (example) =>
      floatTargets([secondOf(example) % 2, secondOf(example) % 3 === 0 ? 1 : 0]),
    ),
    {},
    0.6,
    0.45,
  ],
  [
    'labels of tokens',
    jobOf('tokenClassification', 3, ({ tokenIds }) => tokenIds.map((id) => id % 3)),
    {},
    1,
    0.1,
  ],
  ['words', jobOf('maskedLanguage', 60, () => Int32Array.of()), {}, 4, 3.8],
];

describe('a training run', () => {
  it('tells its phases, every step once and in order, a last checkpoint and its end', async () => {
    const events = await allEvents(startTraining(tinyJob()));
    const phases = events.flatMap((event) => (event.kind === 'phase' ? [event.phase] : []));
    expect(phases).toEqual(['building', 'restoring', 'ready']);
    expect(recordsOf(events).map(({ step }) => step)).toEqual(
      Array.from({ length: 24 }, (_, index) => index + 1),
    );
    expect(recordsOf(events).map(({ examples }) => examples)).toEqual(
      Array.from({ length: 24 }, (_, index) => (index % 8 === 7 ? 5 : 8)),
    );
    expect(events.slice(-2)).toMatchObject([
      { kind: 'checkpoint', reason: 'finished', state: { step: 24 } },
      { kind: 'ended', outcome: 'finished', step: 24 },
    ]);
  });

  it('counts every real token of every epoch', async () => {
    const job = tinyJob();
    const tokens = recordsOf(await allEvents(startTraining(job))).reduce(
      (sum, record) => sum + record.tokens,
      0,
    );
    const epoch = madeUpExamples(61).reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
    expect(tokens).toBe(3 * epoch);
  });

  it('names its numeric profile when ready', async () => {
    const events = await allEvents(startTraining(tinyJob()));
    const ready = events.find((event) => event.kind === 'phase' && event.phase === 'ready');
    expect(ready).toMatchObject({
      profile: {
        onnxruntimeVersion: '1.30.0',
        provider: 'cpu',
        threads: 1,
        graphSha256: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
      },
    });
  });

  it.each(learners)('learns %s: the loss falls', async (_name, job, changes, first, last) => {
    const { config, head, recipe } = job;
    const longer = { ...recipe, epochs: 100, learningRate: 3e-3, ...changes };
    const whole = await initialParameters({ config, head }, 11, []);
    const model = await trainableModel({ config, head, vocabulary: null }, longer, whole);
    const run = startTraining({ ...job, ...model, recipe: longer });
    const bits = Uint32Array.from(recordsOf(await allEvents(run)), ({ lossBits }) => lossBits);
    const losses = new Float32Array(bits.buffer);
    expect(losses[0]).toBeGreaterThan(first);
    // The last epoch: every example once.
    expect(losses.subarray(-8).reduce((sum, loss) => sum + loss, 0) / 8).toBeLessThan(last);
  });

  it('makes a checkpoint at each step at which one is due, after the event of that step', async () => {
    const events = await allEvents(
      startTraining(tinyJob({ checkpoint: { everySteps: 7, everySeconds: 1000 } })),
    );
    expect(checkpointsOf(events).map(({ state, reason }) => [state.step, reason])).toEqual([
      [7, 'due'],
      [14, 'due'],
      [21, 'due'],
      [24, 'finished'],
    ]);
    for (const checkpoint of checkpointsOf(events)) {
      const before = recordsOf(events.slice(0, events.indexOf(checkpoint)));
      expect(before.at(-1)?.step).toBe(checkpoint.state.step);
    }
  });

  it('leaves the state that it was given as it was', async () => {
    const job = tinyJob();
    const before = hashState(job.start);
    await allEvents(startTraining(job));
    expect(hashState(job.start)).toBe(before);
  });

  it('gives the same bytes twice', async () => {
    const once = hashState(await finalState(tinyJob()));
    expect(hashState(await finalState(tinyJob()))).toBe(once);
  });

  it('stopped at any moment hands over a state from which it ends the same', async () => {
    const job = tinyJob();
    const long = { ...job, recipe: { ...job.recipe, epochs: 200 } };
    const run = startTraining(long);
    const events: TrainingEvent[] = [];
    for await (const event of run.events) {
      events.push(event);
      if (event.kind === 'steps') run.stop();
    }
    expect(events.slice(-2)).toMatchObject([{ reason: 'stopped' }, { kind: 'ended', outcome: 'stopped' }]);
    const { state } = checkpointsOf(events).at(-1)!;
    expect(state.step).toBe(recordsOf(events).at(-1)?.step);
    expect(state.step).toBeLessThan(1600);
    expect(hashState(await finalState({ ...long, start: state }))).toBe(hashState(await finalState(long)));
  });

  it('stopped before its first step ends without a checkpoint', async () => {
    const run = startTraining(tinyJob());
    run.stop();
    const events = await allEvents(run);
    expect(events.map(({ kind }) => kind)).toEqual(['phase', 'phase', 'phase', 'ended']);
    expect(events.at(-1)).toEqual({ kind: 'ended', outcome: 'stopped', step: 0 });
  });

  it('says so when the loss is no longer finite, naming the step', async () => {
    const job = tinyJob();
    const diverging = { ...job, recipe: { ...job.recipe, learningRate: 1e30, gradientClipping: null } };
    await expect(allEvents(startTraining(diverging))).rejects.toMatchObject({
      code: 'training_diverged',
      message: expect.stringMatching(/step \d+ is not finite/) as string,
    });
  });

  it('fails as a fault of the machine when the state lacks a tensor', async () => {
    const job = tinyJob();
    const lacking = { ...job.start, firstMoments: job.start.firstMoments.slice(1) };
    await expect(allEvents(startTraining({ ...job, start: lacking }))).rejects.toMatchObject({
      code: 'engine_failed',
    });
  });

  it('fails as a fault of the user when an example does not fit the model', async () => {
    const job = tinyJob();
    const run = startTraining({ ...job, config: { ...job.config, maxPositions: 8 } });
    await expect(allEvents(run)).rejects.toMatchObject({ code: 'sequence_too_long' });
  });

  it('fails as a fault of the user when an example has a word that is not in use', async () => {
    const job = await tinyJobOf({}, Int32Array.of(2, 3, 5, 7));
    await expect(allEvents(startTraining(job))).rejects.toMatchObject({ code: 'model_incompatible' });
  });

  it('keeps the main thread free while it trains', async () => {
    const job = tinyJob();
    const run = startTraining({ ...job, recipe: { ...job.recipe, epochs: 100 } });
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 5);
    let trainingSeconds = 0;
    let ticksAtReady = 0;
    for await (const event of run.events) {
      if (event.kind === 'phase') ticksAtReady = ticks;
      if (event.kind === 'steps') trainingSeconds += event.seconds;
    }
    clearInterval(timer);
    expect(trainingSeconds).toBeGreaterThan(0.1);
    // At least a quarter of the ticks that an idle loop would make.
    expect(ticks - ticksAtReady).toBeGreaterThan((trainingSeconds / 0.005) * 0.25);
  });

  it('is ended by abandon() while it runs', async () => {
    const job = tinyJob();
    const run = startTraining({ ...job, recipe: { ...job.recipe, epochs: 1000 } });
    const events: TrainingEvent[] = [];
    for await (const event of run.events) {
      events.push(event);
      if (event.kind === 'steps') await run.abandon();
    }
    expect(events.some(({ kind }) => kind === 'ended')).toBe(false);
  });

  it('makes no more steps while checkpoints wait for the reader', async () => {
    const due = { checkpoint: { everySteps: 2, everySeconds: 1000 } };
    const run = startTraining(tinyJob(due));
    const events: TrainingEvent[] = [];
    for await (const event of run.events) {
      events.push(event);
      if (event.kind !== 'checkpoint' || checkpointsOf(events).length > 1) continue;
      // A second run, which takes as long as this one would: after it this one has had the time for all its steps.
      await allEvents(startTraining(tinyJob(due)));
      run.stop();
    }
    // One checkpoint is taken, two wait, and the one of step 8 does not fit.
    expect(recordsOf(events).at(-1)?.step).toBe(8);
    expect(events.at(-1)).toEqual({ kind: 'ended', outcome: 'stopped', step: 8 });
  });

  it('makes every checkpoint that is due, one after another', async () => {
    const run = startTraining(tinyJob({ checkpoint: { everySteps: 2, everySeconds: 1000 } }));
    const steps = checkpointsOf(await allEvents(run)).map(({ state }) => state.step);
    expect(steps).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24]);
  });
});
