// The verdict on an experiment finds each thing that can be wrong with it.
import { describe, expect, it } from 'vitest';
import type { Outcome } from './outcome.ts';
import { judge } from './verdict.ts';

const line = (step: number, lease = 1) => ({
  step,
  lossBits: step * 7,
  gradientNormBits: step,
  examples: 32,
  lease,
});

const twin: Outcome = {
  id: 'exp_twin',
  state: 'succeeded',
  errorCode: null,
  weightsSha256: 'sha256:w',
  modelSha256: 'm',
  ledger: [1, 2, 3, 4].map((step) => line(step)),
  proof: { snapshotSha256: 's', segments: [], versions: {}, ledgerSha256: 'l', weightsSha256: 'sha256:w' },
  attempts: [{ lease: 1, cause: 'completed', stepsDone: 4, stepsRepeated: 0 }],
  unreadableCheckpoints: [],
};
/** As it is after its first attempt was lost. */
const right: Outcome = {
  ...twin,
  id: 'exp_disturbed',
  ledger: [line(1), line(2), line(3), line(4, 3)],
  attempts: [
    { lease: 1, cause: 'lost', stepsDone: 3, stepsRepeated: 0 },
    { lease: 3, cause: 'completed', stepsDone: 2, stepsRepeated: 1 },
  ],
};
const judged = (changes: Partial<Outcome>, endsAs = ['succeeded']): string[] =>
  judge({ ...right, ...changes }, { endsAs, twin });
const [first = line(1), second = line(2), third = line(3), fourth = line(4)] = right.ledger;

describe('the verdict', () => {
  it('finds nothing with an experiment that was disturbed and ended as its twin', () => {
    expect(judged({})).toEqual([]);
  });

  it('finds nothing with one that was cancelled on its way', () => {
    const cancelled = {
      state: 'cancelled',
      weightsSha256: null,
      modelSha256: null,
      proof: null,
      ledger: [first, second],
      attempts: [{ lease: 1, cause: 'cancelled', stepsDone: 2, stepsRepeated: 0 }],
    };
    expect(judged(cancelled, ['cancelled', 'succeeded'])).toEqual([]);
    expect(judged({ ...cancelled, ledger: [first, { ...second, lossBits: 1 }] }, ['cancelled'])).toEqual([
      "the ledger differs from the twin's at step 2",
    ]);
  });

  it.each<[string, Partial<Outcome>, string]>([
    ['another end', { state: 'failed', errorCode: 'divergence' }, 'ended as failed (divergence)'],
    ['other weights', { weightsSha256: 'sha256:x' }, 'weights sha256:x differ'],
    ['another model', { modelSha256: 'n' }, 'the downloaded model differs'],
    ['another proof', { proof: null }, 'the proof differs'],
    ['a gap', { ledger: [first, third, fourth] }, 'the ledger has step 3 in place 2'],
    ['a repeat', { ledger: [first, first, second] }, 'the ledger has step 1 in place 2'],
    ['a step too few', { ledger: [first, second, third] }, "the ledger has 3 steps, the twin's 4"],
    ['other bits', { ledger: [first, { ...second, gradientNormBits: 9 }] }, 'differs from the twin'],
    ['other examples', { ledger: [first, { ...second, examples: 31 }] }, 'differs from the twin'],
    [
      'a step of a replaced attempt',
      { ledger: [first, second, line(3, 3), line(4, 1)] },
      'step 4 was written by',
    ],
    [
      'an open attempt',
      { attempts: [{ lease: 1, cause: null, stepsDone: 4, stepsRepeated: 0 }] },
      'attempts 1 have not ended',
    ],
    ['steps that nobody counts', { attempts: right.attempts.slice(1) }, 'attempts count 1 new steps'],
    ['a last attempt that was lost', { attempts: right.attempts.slice(0, 1) }, 'the last attempt did not'],
    ['a broken checkpoint', { unreadableCheckpoints: [3] }, 'checkpoints cannot be read: 3'],
  ])('finds %s', (_name, changes, problem) => {
    expect(judged(changes).join('; ')).toContain(problem);
  });
});
