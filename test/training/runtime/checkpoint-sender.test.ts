// When a checkpoint is due, and that states do not pile up when nobody takes them.
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NamedTensor, TrainingState } from '../../../src/training/job.ts';
import { CheckpointSender } from '../../../src/training/runtime/checkpoint-sender.ts';
import { createSignals, signal, type EngineMessage } from '../../../src/training/runtime/thread-protocol.ts';

const tensor = (...values: number[]): NamedTensor => ({
  name: 'w',
  shape: [values.length],
  data: Float32Array.from(values),
});
const state = (step: number): TrainingState => ({
  step,
  parameters: [tensor(step)],
  firstMoments: [tensor(0)],
  secondMoments: [tensor(0)],
  unusedWords: { scale: 1, momentum: 0 },
  evaluations: null,
});

describe('a checkpoint', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'], now: 0 }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['by the number of the step', 20, 0, 1, true],
    ['not between numbers', 21, 0, 1, false],
    ['at the end of a run that is nearest to its time', 21, 3.5, 1, true],
    ['not while the next end of a run is nearer', 21, 3.4, 1, false],
    ['after its time', 21, 4, 0, true],
  ])('is due %s', (_when, step, passedSeconds, runSeconds, isDue) => {
    const sender = new CheckpointSender(() => undefined, createSignals());
    vi.advanceTimersByTime(passedSeconds * 1000);
    expect(sender.isDueAt(step, { everySteps: 10, everySeconds: 4 }, runSeconds)).toBe(isDue);
  });

  it('is due again so long after the last', () => {
    const sender = new CheckpointSender(() => undefined, createSignals());
    const settings = { everySteps: 1000, everySeconds: 4 };
    vi.advanceTimersByTime(4000);
    expect(sender.isDueAt(1, settings, 0)).toBe(true);
    sender.tell(() => state(1), 'due');
    vi.advanceTimersByTime(3999);
    expect(sender.isDueAt(2, settings, 0)).toBe(false);
    vi.advanceTimersByTime(1);
    expect(sender.isDueAt(2, settings, 0)).toBe(true);
  });
});

describe('a state', () => {
  it('is copied while training goes on with it, and given away at the end', () => {
    const sent: (readonly ArrayBuffer[])[] = [];
    const sender = new CheckpointSender((_message, transfer = []) => sent.push(transfer), createSignals());
    const going = state(1);
    sender.tell(() => going, 'due');
    sender.tell(() => going, 'finished');
    const own = [going.parameters, going.firstMoments, going.secondMoments]
      .flat()
      .map(({ data }) => data.buffer);
    expect(sent[0]?.some((buffer) => own.includes(buffer))).toBe(false);
    expect(sent[1]).toEqual(own);
  });

  it('waits while two are not taken, and no longer than until one is', async () => {
    const signals = createSignals();
    const messages: EngineMessage[] = [];
    const sender = new CheckpointSender((message) => messages.push(message), signals);
    for (const step of [1, 2]) sender.tell(() => state(step), 'due');
    const taker = new Worker(
      `const { workerData: { signals, index } } = require('node:worker_threads');
       setTimeout(() => { Atomics.add(signals, index, 1); Atomics.notify(signals, index); }, 150);`,
      { eval: true, workerData: { signals, index: signal.checkpointsTaken } },
    );
    await new Promise((resolve) => taker.once('online', resolve));
    const began = performance.now();
    sender.tell(() => state(3), 'due');
    expect(performance.now() - began).toBeGreaterThan(100);
    expect(messages).toHaveLength(3);
    expect(messages[2]).toMatchObject({ kind: 'checkpoint', stallSeconds: expect.any(Number) as number });
    await taker.terminate();
  });
});
