// What a user asks of an experiment: when it is taken, when it is so already, and what a transition makes of it.
import { describe, expect, it } from 'vitest';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import {
  experimentStates,
  hasEnded,
  type ExperimentState,
  type RequestedAction,
} from '../../src/experiment/state.ts';
import { giveReport, submit, useDatabase } from './fixture.ts';

const opened = useDatabase();

const ask = (reference: ExperimentReference, action: RequestedAction) =>
  opened.repositories.requests.request(reference, action);

const requestedOf = async (reference: ExperimentReference) =>
  (await opened.repositories.experiments.require(reference)).requestedAction;

/** An experiment in a state, as its `sequence`-th transition. */
async function inState(state: ExperimentState, reference?: ExperimentReference, sequence = 1) {
  const experiment = reference ?? (await submit(opened.repositories));
  if (state === 'succeeded') await giveReport(opened.repositories, experiment);
  if (state !== 'queued')
    await opened.repositories.transitions.recordTransition({ ...experiment, sequence, state, error: null });
  return experiment;
}

const outcomeOf = (reference: ExperimentReference, action: RequestedAction) =>
  ask(reference, action).catch((error: unknown) => (error as { code: string }).code);

const refused = 'transition_not_allowed';

describe('asking for something', () => {
  it('is noted, ordered and told once, however often it is asked for at the same time', async () => {
    for (const action of ['pause', 'cancel'] as const) {
      const reference = await submit(opened.repositories);
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => ask(reference, action)));
      expect(outcomes.filter((outcome) => outcome === 'requested')).toHaveLength(1);
      expect(await requestedOf(reference)).toBe(action);
      const rows = await opened.database.run((queries) =>
        queries.outbox.findMany({ where: reference, orderBy: { id: 'asc' } }),
      );
      expect(rows.map(({ kind }) => kind)).toEqual(['start', action]);
      const events = await opened.repositories.events.eventsAfter(reference, 0, 100);
      expect(events.map(({ type }) => type)).toEqual(['created', `${action}Requested`]);
    }
  });

  it.each<[RequestedAction, Readonly<Partial<Record<ExperimentState, string>>>]>([
    [
      'pause',
      {
        queued: 'requested',
        preparing: 'requested',
        training: 'requested',
        paused: 'already',
      },
    ],
    ['resume', { queued: 'already', preparing: 'already', training: 'already', paused: 'requested' }],
    [
      'cancel',
      {
        queued: 'requested',
        preparing: 'requested',
        training: 'requested',
        paused: 'requested',
        evaluating: 'requested',
        cancelled: 'already',
      },
    ],
  ])('to %s is taken, or so already, in these states and refused in all others', async (action, outcomes) => {
    for (const state of experimentStates)
      expect([state, await outcomeOf(await inState(state), action)]).toEqual([
        state,
        outcomes[state] ?? refused,
      ]);
  });

  it('names the state, and that there is a cancellation, where it refuses', async () => {
    const succeeded = await inState('succeeded');
    await expect(ask(succeeded, 'cancel')).rejects.toThrow(/succeeded/u);
    const training = await inState('training');
    await ask(training, 'cancel');
    await expect(ask(training, 'pause')).rejects.toThrow(/cannot pause.*training, and is being cancelled/u);
    await expect(ask(training, 'resume')).rejects.toThrow(/cannot resume/u);
  });

  it('replaces what was asked for before, so that a pause can be withdrawn and asked for again', async () => {
    const reference = await inState('training');
    const outcomes = [];
    for (const action of ['pause', 'pause', 'resume', 'resume', 'pause', 'cancel'] as const)
      outcomes.push(await ask(reference, action));
    expect(outcomes).toEqual(['requested', 'already', 'requested', 'already', 'requested', 'requested']);
    const paused = await inState('paused');
    expect(await ask(paused, 'resume')).toBe('requested');
    expect(await ask(paused, 'pause')).toBe('requested');
  });
});

describe('what was asked for', () => {
  it.each<[RequestedAction, ExperimentState, RequestedAction | null]>([
    ['pause', 'training', 'pause'],
    ['pause', 'paused', null],
    ['pause', 'evaluating', null],
    ['resume', 'paused', 'resume'],
    ['cancel', 'evaluating', 'cancel'],
    ['cancel', 'cancelled', null],
    ['pause', 'failed', null],
  ])('a %s stays until it is done: after the transition to %s it is %s', async (action, state, left) => {
    const reference = await inState('training');
    if (action === 'resume') await ask(reference, 'pause');
    await ask(reference, action);
    await inState(state, reference, 2);
    expect(await requestedOf(reference)).toBe(left);
    if (left === null && hasEnded(state)) expect(await outcomeOf(reference, 'pause')).toBe(refused);
  });

  it('stays until the last pause or resume of a row of them has taken effect', async () => {
    const reference = await inState('training');
    for (const action of ['pause', 'resume', 'pause', 'resume'] as const) await ask(reference, action);
    const left = [];
    for (const [index, state] of (['paused', 'training', 'paused', 'training'] as const).entries()) {
      await inState(state, reference, index + 2);
      left.push(await requestedOf(reference));
    }
    expect(left).toEqual(['resume', 'resume', 'resume', null]);
    expect(await ask(reference, 'resume')).toBe('already');
  });

  it('is taken while what was asked for before it still takes effect', async () => {
    const reference = await inState('training');
    for (const action of ['pause', 'resume', 'pause'] as const) await ask(reference, action);
    await inState('paused', reference, 2);
    await inState('training', reference, 3);
    expect(await ask(reference, 'resume')).toBe('requested');
    await inState('paused', reference, 4);
    expect(await requestedOf(reference)).toBe('resume');
    await inState('training', reference, 5);
    expect(await requestedOf(reference)).toBeNull();
  });

  it('tells why an attempt was cancelled', async () => {
    const { attempts } = opened.repositories;
    for (const [action, cause] of [
      ['pause', 'paused'],
      ['cancel', 'cancelled'],
    ] as const) {
      const reference = await inState('training');
      const holder = await attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
      await ask(reference, action);
      await attempts.finishAttempt(holder, { cause: 'cancelled' });
      expect(await attempts.listAttempts(reference)).toMatchObject([{ cause }]);
    }
  });
});
