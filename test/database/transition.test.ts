// An experiment never moves backwards, whatever order messages come in, and ends once.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import { canReach, experimentStates, hasEnded, type ExperimentState } from '../../src/experiment/state.ts';
import { giveReport, submit, useDatabase } from './fixture.ts';

const opened = useDatabase();

const messages = fc.array(
  fc.record({ sequence: fc.integer({ min: 1, max: 9 }), state: fc.constantFrom(...experimentStates) }),
  { maxLength: 12 },
);

describe('transitions', () => {
  it('are applied only forwards in number and along the map, in any order of messages', async () => {
    const { transitions, experiments, events } = opened.repositories;
    await fc.assert(
      fc.asyncProperty(messages, async (list) => {
        const reference = await submit(opened.repositories);
        await giveReport(opened.repositories, reference);
        let expected: { state: ExperimentState; sequence: number } = { state: 'queued', sequence: 0 };
        let applied = 0;
        for (const message of list) {
          const may = message.sequence > expected.sequence && canReach(expected.state, message.state);
          const outcome = await transitions.recordTransition({ ...reference, ...message, error: null });
          expect(outcome).toBe(may ? 'applied' : 'ignored');
          if (may) expected = message;
          if (may) applied += 1;
        }
        const record = await experiments.require(reference);
        expect(record.state).toBe(expected.state);
        expect(record.finishedAt !== null).toBe(hasEnded(expected.state));
        expect(record.startedAt !== null).toBe(applied > 0);
        const told = await events.eventsAfter(reference, 0, 100);
        expect(told.filter(({ type }) => type === 'stateChanged')).toHaveLength(applied);
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  it('ignore a success of which the row has no report: the database was restored since', async () => {
    const reference = await submit(opened.repositories);
    const succeed = () =>
      opened.repositories.transitions.recordTransition({
        ...reference,
        sequence: 4,
        state: 'succeeded',
        error: null,
      });
    expect(await succeed()).toBe('ignored');
    expect((await opened.repositories.experiments.require(reference)).state).toBe('queued');
    await giveReport(opened.repositories, reference);
    expect(await succeed()).toBe('applied');
  });

  it('apply a message that comes ten times at once a single time', async () => {
    const reference = await submit(opened.repositories);
    const send = () =>
      opened.repositories.transitions.recordTransition({
        ...reference,
        sequence: 1,
        state: 'preparing',
        error: null,
      });
    const outcomes = await Promise.all(Array.from({ length: 10 }, send));
    expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(1);
  });

  it('close what is open at the end, keep the error and order the history to be stored', async () => {
    const { transitions, attempts, experiments } = opened.repositories;
    const reference = await submit(opened.repositories);
    await attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
    await opened.repositories.requests.request(reference, 'cancel');
    const error = { code: 'no_progress', message: 'why' };
    await transitions.recordTransition({ ...reference, sequence: 4, state: 'failed', error });
    const record = await experiments.require(reference);
    expect(record).toMatchObject({ state: 'failed', error, requestedAction: null, openPhase: null });
    expect(await attempts.listAttempts(reference)).toMatchObject([{ cause: 'failed' }]);
    const orders = await opened.database.run((queries) =>
      queries.outbox.findMany({ where: reference, orderBy: { id: 'asc' } }),
    );
    expect(orders.map(({ kind }) => kind)).toEqual(['start', 'cancel', 'storeHistory']);
  });
});

describe('the end of an experiment without a workflow', () => {
  const order = (reference: ExperimentReference) =>
    opened.database.run((queries) => queries.outbox.findMany({ where: reference, orderBy: { id: 'asc' } }));

  it('is applied as the next transition, closes what is open and orders the history to be stored', async () => {
    const { transitions, attempts, experiments, events } = opened.repositories;
    const reference = await submit(opened.repositories);
    await transitions.recordTransition({ ...reference, sequence: 3, state: 'training', error: null });
    await attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
    const error = { code: 'internal', message: 'The workflow is gone.' };
    await transitions.endWithoutWorkflow(reference, 'failed', error);
    expect(await experiments.require(reference)).toMatchObject({ state: 'failed', error, openPhase: null });
    expect(await attempts.listAttempts(reference)).toMatchObject([{ cause: 'failed' }]);
    expect((await events.eventsAfter(reference, 0, 100)).at(-1)).toMatchObject({
      type: 'stateChanged',
      data: { from: 'training', to: 'failed', error },
    });
    expect((await order(reference)).map(({ kind }) => kind)).toEqual(['start', 'storeHistory']);
    const late = { ...reference, sequence: 4, state: 'evaluating', error: null } as const;
    expect(await transitions.recordTransition(late)).toBe('ignored');
    const row = await opened.database.run((queries) =>
      queries.experiment.findFirst({ where: { id: reference.experimentId } }),
    );
    expect(row?.stateSequence).toBe(4);
  });

  it('changes nothing when the experiment has ended', async () => {
    const { transitions, experiments } = opened.repositories;
    const reference = await submit(opened.repositories);
    await giveReport(opened.repositories, reference);
    await transitions.recordTransition({ ...reference, sequence: 1, state: 'succeeded', error: null });
    const before = await experiments.require(reference);
    await transitions.endWithoutWorkflow(reference, 'cancelled');
    expect(await experiments.require(reference)).toEqual(before);
    expect(await order(reference)).toHaveLength(2);
  });
});

describe('events', () => {
  it('are numbered from 1 without a gap when many write at once, and every change gives a new version', async () => {
    const { attempts, transitions, events, experiments } = opened.repositories;
    const reference = await submit(opened.repositories);
    await Promise.all([
      ...Array.from({ length: 15 }, () =>
        attempts.beginAttempt({ ...reference, phase: 'preparing', host: 'host' }),
      ),
      ...Array.from({ length: 5 }, (_, index) =>
        transitions.recordTransition({ ...reference, sequence: index + 1, state: 'preparing', error: null }),
      ),
      opened.repositories.requests.request(reference, 'cancel'),
    ]);
    const told = await events.eventsAfter(reference, 0, 1000);
    expect(told.map(({ number }) => number)).toEqual(told.map((_, index) => index + 1));
    expect(told.length).toBe(1 + 15 + 14 + 1 + 1);
    expect((await experiments.require(reference)).version).toBe(1 + told.length);
    expect((await events.eventsAfter(reference, 5, 3)).map(({ number }) => number)).toEqual([6, 7, 8]);
  });
});
