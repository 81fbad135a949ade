import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Experiment } from '../../openapi/client.ts';
import { TrainingBar } from '../../src/demo/training-bar.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const at = (step: number) =>
  ({ state: 'training', progress: { step, totalSteps: 366, loss: 0.1121 } }) as Experiment;

it('prints no step twice in a row where the output is no terminal', () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const bar = new TrainingBar();
  for (const step of [200, 200, 160]) {
    bar.show(at(step));
    vi.advanceTimersByTime(2000);
  }
  expect(written.mock.calls.map(([line]) => line)).toEqual([
    'training  step 200 of 366  loss 0.1121\n',
    'training  step 160 of 366  loss 0.1121\n',
  ]);
});
