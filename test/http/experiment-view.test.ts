// What an experiment shows by its state: whether its training is over.
import { describe, expect, it } from 'vitest';
import type { ExperimentRecord } from '../../src/database/experiment-record.ts';
import { experimentStates, type ExperimentState } from '../../src/experiment/state.ts';
import { experimentItem } from '../../src/http/experiment/experiment-view.ts';
import { progressAt } from '../database/fixture.ts';

const createdAt = new Date('2026-01-01T00:00:00Z');

const record = (changes: Partial<ExperimentRecord>): ExperimentRecord =>
  ({
    state: 'queued',
    progress: null,
    latestCheckpoint: null,
    lineage: [],
    openPhase: null,
    startDelayed: false,
    version: 3,
    createdAt,
    startedAt: null,
    finishedAt: null,
    ...changes,
  }) as ExperimentRecord;

describe('progress', () => {
  const shown = (state: ExperimentState, step: number) =>
    experimentItem(record({ state, progress: { ...progressAt(step), etaSeconds: 7 } })).progress;

  it.each<[ExperimentState, boolean, number | null]>([
    ['training', false, 7],
    ['evaluating', true, 0],
    ['succeeded', true, 0],
    ['paused', false, null],
    ['failed', false, null],
    ['cancelled', false, null],
  ])('before the last planned step of an experiment that is %s: complete is %s', (state, complete, eta) => {
    expect(shown(state, 40)).toMatchObject({ step: 40, totalSteps: 1000, complete, etaSeconds: eta });
  });

  it('is complete at the last planned step, whatever came of the experiment', () => {
    for (const state of experimentStates)
      expect(shown(state, 1000)).toMatchObject({ complete: true, etaSeconds: 0 });
  });
});
