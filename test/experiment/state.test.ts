import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canReach, experimentStates, hasEnded, transitions } from '../../src/experiment/state.ts';

const anyState = fc.constantFrom(...experimentStates);

describe('the states of an experiment', () => {
  it('end in succeeded, failed and cancelled, and nowhere else', () => {
    expect(experimentStates.filter(hasEnded)).toEqual(['succeeded', 'failed', 'cancelled']);
  });

  it('can all be failed or cancelled until they have ended', () => {
    for (const state of experimentStates.filter((candidate) => !hasEnded(candidate)))
      expect(transitions[state]).toEqual(expect.arrayContaining(['failed', 'cancelled']));
  });

  it('are reached exactly where a chain of transitions leads', () => {
    fc.assert(
      fc.property(anyState, anyState, (from, to) => {
        const reached = new Set<string>();
        const walk = (state: (typeof experimentStates)[number]): void => {
          for (const next of transitions[state])
            if (!reached.has(next)) {
              reached.add(next);
              walk(next);
            }
        };
        walk(from);
        expect(canReach(from, to)).toBe(reached.has(to));
      }),
    );
  });

  it('go back only between training and paused', () => {
    expect(canReach('training', 'training')).toBe(true);
    expect(canReach('evaluating', 'training')).toBe(false);
    expect(canReach('preparing', 'queued')).toBe(false);
  });
});
