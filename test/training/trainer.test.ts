// The trainer through its public interface: the thread, its events, exact resume.
import { describe, expect, it } from 'vitest';
import type { TrainingEvent, TrainingJob, TrainingState } from '../../src/training/job.ts';
import { startTraining } from '../../src/training/trainer.ts';
import { allEvents, hashState, tinyJob } from './tiny-task.ts';

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

/** Runs until the first checkpoint at or after a step and ends the run there. */
async function stateAt(job: TrainingJob, step: number): Promise<TrainingState> {
  const run = startTraining({ ...job, checkpoint: { everySteps: step, everySeconds: 1000 } });
  for await (const event of run.events) if (event.kind === 'checkpoint') return event.state;
  throw new Error('no checkpoint');
}

function withFirstMomentZeroed(state: TrainingState): TrainingState {
  return {
    ...state,
    firstMoments: state.firstMoments.map((tensor, index) =>
      index === 4 ? { ...tensor, data: new Float32Array(tensor.data.length) } : tensor,
    ),
  };
}

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
    expect(tokens).toBe(3 * job.examples.tokenIds.length);
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

  it('learns: the loss falls', async () => {
    const job = tinyJob();
    const run = startTraining({ ...job, recipe: { ...job.recipe, epochs: 100, learningRate: 3e-3 } });
    const bits = Uint32Array.from(recordsOf(await allEvents(run)), ({ lossBits }) => lossBits);
    const losses = new Float32Array(bits.buffer);
    expect(losses[0]).toBeGreaterThan(1);
    expect(Math.max(...losses.subarray(-4))).toBeLessThan(0.5);
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

  it('gives the same bytes twice, and others with another seed', async () => {
    const job = tinyJob();
    const once = hashState(await finalState(job));
    expect(hashState(await finalState(job))).toBe(once);
    expect(hashState(await finalState({ ...job, recipe: { ...job.recipe, seed: 12 } }))).not.toBe(once);
  });

  it.each([1, 5, 8, 13, 23])(
    'resumed after step %i ends with the bytes of a run without a break',
    async (step) => {
      const job = tinyJob();
      const state = await stateAt(job, step);
      expect(state.step).toBe(step);
      expect(hashState(await finalState({ ...job, start: state }))).toBe(hashState(await finalState(job)));
    },
  );

  it('ends with other bytes when a moment is lost on the way', async () => {
    const job = tinyJob();
    const state = withFirstMomentZeroed(await stateAt(job, 9));
    expect(hashState(await finalState({ ...job, start: state }))).not.toBe(hashState(await finalState(job)));
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
