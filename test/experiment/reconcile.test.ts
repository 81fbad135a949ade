// Every combination of a row and a workflow, and what is right for it.
import { describe, expect, it } from 'vitest';
import {
  reconcile,
  reconcileVerification,
  type RecordedProgress,
  type RowFacts,
  type WorkflowFacts,
} from '../../src/experiment/reconcile.ts';
import { experimentStates, hasEnded, type ExperimentState } from '../../src/experiment/state.ts';

const rowOf = (changes: Partial<RowFacts> = {}): RowFacts => ({
  state: 'training',
  stateSequence: 2,
  isToStart: false,
  hasSnapshot: true,
  hasReport: false,
  checkpointStep: 20,
  checkpointId: 'sha256:20',
  manifestMissing: false,
  ...changes,
});

const recordedOf = (changes: Partial<RecordedProgress> = {}): RecordedProgress => ({
  sequence: 2,
  hasSnapshot: true,
  trainedStep: null,
  failure: null,
  ...changes,
});

const recorded = recordedOf();
const workflows: Readonly<Record<string, WorkflowFacts>> = {
  unknown: { status: 'unknown' },
  running: { status: 'running', recorded },
  succeeded: {
    status: 'completed',
    recorded,
    result: { state: 'succeeded', evaluationSha256: 'sha256:e' },
  },
  ended: { status: 'completed', recorded, result: { state: 'failed', code: 'labels_invalid' } },
  cancelledByUser: { status: 'completed', recorded, result: { state: 'cancelled' } },
  cancelled: { status: 'cancelled' },
  terminated: { status: 'terminated' },
  timedOut: { status: 'timedOut' },
  failed: { status: 'failed' },
};

/** What is done in short: the finding, the action, and how an experiment ends. */
function shortly(row: RowFacts | undefined, workflow: WorkflowFacts | undefined): string {
  const difference = workflow && reconcile(row, workflow);
  if (difference === undefined) return 'nothing';
  const { found, repair } = difference;
  const details = repair.action === 'end' ? ` ${repair.state} ${repair.error?.code ?? ''}`.trimEnd() : '';
  return `${found}: ${repair.action}${details}`;
}

const live = experimentStates.filter((state) => !hasEnded(state));
const ended = experimentStates.filter(hasEnded);

const rightForLive: Readonly<Record<string, string>> = {
  unknown: 'workflow_missing: startAgain',
  running: 'nothing',
  succeeded: 'row_behind: startAgain',
  ended: 'workflow_closed: end failed labels_invalid',
  cancelledByUser: 'workflow_closed: end cancelled',
  cancelled: 'workflow_closed: end cancelled',
  terminated: 'workflow_closed: end failed workflow_terminated',
  timedOut: 'workflow_closed: end failed workflow_terminated',
  failed: 'workflow_closed: end failed workflow_terminated',
};

const names = Object.keys(workflows);
const pairs = (states: readonly ExperimentState[]): [ExperimentState, string][] =>
  states.flatMap((state) => names.map((name): [ExperimentState, string] => [state, name]));

describe('a row and its workflow', () => {
  it.each(pairs(live))('that is %s and %s', (state, name) => {
    expect(shortly(rowOf({ state }), workflows[name])).toBe(rightForLive[name]);
  });

  it.each(pairs(live))('that is %s and %s agree for as long as a start is on its way', (state, name) => {
    expect(shortly(rowOf({ state, isToStart: true }), workflows[name])).toBe('nothing');
  });

  it.each(pairs(ended))('that is %s and %s', (state, name) => {
    const right = name === 'running' ? 'row_ended: terminateWorkflow' : 'nothing';
    expect(shortly(rowOf({ state }), workflows[name])).toBe(right);
  });

  it.each(names)('that is not there and %s', (name) => {
    const right = name === 'running' ? 'row_missing: terminateWorkflow' : 'nothing';
    expect(shortly(undefined, workflows[name])).toBe(right);
  });
});

describe('a row that lacks what its workflow was told is written', () => {
  it.each<[string, Partial<RowFacts>, Partial<RecordedProgress>]>([
    ['a transition', {}, { sequence: 3 }],
    ['the snapshot', { hasSnapshot: false, checkpointStep: null }, {}],
    ['the last checkpoint', {}, { trainedStep: 21 }],
    ['every checkpoint', { checkpointStep: null }, { trainedStep: 21 }],
  ])('is behind: %s', (_what, row, progress) => {
    const workflow = { status: 'running', recorded: recordedOf(progress) } as const;
    expect(shortly(rowOf(row), workflow)).toBe('row_behind: startAgain');
  });

  it.each<[string, Partial<RowFacts>]>([
    ['nothing', {}],
    ['has more transitions', { stateSequence: 3 }],
    ['has a later checkpoint', { checkpointStep: 30 }],
  ])('and is not where it lacks %s', (_what, row) => {
    const workflow = { status: 'running', recorded: recordedOf({ trainedStep: 20 }) } as const;
    expect(shortly(rowOf(row), workflow)).toBe('nothing');
  });

  it('is given the end that alone it lacks, and is computed again where it lacks more', () => {
    const result = { state: 'succeeded', evaluationSha256: 'sha256:e' } as const;
    const workflow: WorkflowFacts = {
      status: 'completed',
      recorded: recordedOf({ sequence: 4, trainedStep: 20 }),
      result,
    };
    const whole = rowOf({ state: 'evaluating', stateSequence: 3, hasReport: true });
    expect(shortly(whole, workflow)).toBe('workflow_closed: end succeeded');
    for (const lack of [{ hasReport: false }, { checkpointStep: 10 }, { hasSnapshot: false }])
      expect(shortly({ ...whole, ...lack }, workflow)).toBe('row_behind: startAgain');
  });

  it('ends with the words of the failure that its workflow had recorded', () => {
    const failure = { code: 'labels_invalid', message: 'One label only.' };
    const workflow: WorkflowFacts = {
      status: 'completed',
      recorded: recordedOf({ failure }),
      result: { state: 'failed', code: 'labels_invalid' },
    };
    expect(reconcile(rowOf(), workflow)?.repair).toEqual({ action: 'end', state: 'failed', error: failure });
  });
});

describe('a checkpoint whose manifest is gone', () => {
  it('is forgotten while training can make it again, and kept where nothing would', () => {
    const row = rowOf({ manifestMissing: true });
    expect(reconcile(row, { status: 'running', recorded })).toEqual({
      found: 'manifest_missing',
      repair: { action: 'forgetCheckpoint', step: 20, checkpointId: 'sha256:20' },
    });
    expect(reconcile({ ...row, state: 'succeeded' }, { status: 'unknown' })).toBeUndefined();
  });
});

describe('a verification that is not decided', () => {
  const old = { ageSeconds: 61, isToStart: false };

  it.each([
    ['unknown', 'workflow_missing', 'is not known to Temporal'],
    ['completed', 'workflow_closed', 'has ended, and the database lacks its verdict'],
    ['cancelled', 'workflow_closed', 'was cancelled in Temporal'],
    ['terminated', 'workflow_closed', 'was terminated in Temporal'],
    ['timedOut', 'workflow_closed', 'ran out of the time that Temporal gave it'],
    ['failed', 'workflow_closed', 'failed in Temporal'],
  ] as const)('is decided where its workflow is %s', (status, found, what) => {
    const reason = `The verification’s workflow ${what}.`;
    expect(reconcileVerification(old, status)).toEqual({ found, repair: { action: 'decide', reason } });
  });

  it('is left alone while its workflow runs, its start waits in the outbox, or it is younger than a minute', () => {
    expect(reconcileVerification(old, 'running')).toBeUndefined();
    expect(reconcileVerification({ ...old, isToStart: true }, 'unknown')).toBeUndefined();
    expect(reconcileVerification({ ...old, ageSeconds: 59 }, 'unknown')).toBeUndefined();
  });
});
