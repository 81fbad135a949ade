// The model of the database does as the repositories over a real PostgreSQL do, call for call, in any order of calls.
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import { CodedError } from '../../src/error.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import { profileOf, noTimes, progressAt, stepsFrom, submit, useDatabase } from '../database/fixture.ts';
import { DatabaseModel, type DatabaseRules } from './database-model.ts';
import { Random } from './random.ts';

const sequences = 25;
const callsASequence = 45;

const opened = useDatabase();

/** What a call gave: its value, or the code of what it threw. */
async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    return { value: (await call()) ?? null };
  } catch (error) {
    if (error instanceof CodedError) return { code: error.code };
    throw error;
  }
}

/** What the repositories drew for each lease of an experiment. */
const tokens = new Map<string, string>();
const keyOf = ({ experimentId, lease }: Omit<LeaseHolder, 'token'>): string => `${experimentId} ${lease}`;

type Call = readonly [name: string, real: () => Promise<unknown>, model: () => unknown];

/** A call that is likely enough to be allowed, with whatever is wrong about it now and then. */
function nextCall(random: Random, reference: ExperimentReference, model: DatabaseModel): Call {
  const { attempts, ledger, checkpoints, transitions } = opened.repositories;
  const asked = {
    ...reference,
    lease: random.isDue(0.8) ? model.lease : random.below(model.lease + 2),
  };
  const holder: LeaseHolder = { ...asked, token: tokens.get(keyOf(asked)) ?? '' };
  const cause = random.pick(['completed', 'failed', 'handedBack', 'cancelled'] as const);
  const profile = { profile: profileOf(1 + random.below(2)), threads: 1, provider: 'cpu', startStep: 3 };
  const last = model.ledger.length;
  const steps = stepsFrom(
    Math.max(random.below(20) === 0 ? 0 : 1, last + 1 - random.below(5)),
    1 + random.below(5),
  ).map((step) => (random.isDue(0.02) ? { ...step, lossBits: (step.lossBits ^ 1) >>> 0 } : step));
  const withGap = random.isDue(0.05) ? steps.map((step) => ({ ...step, step: step.step + 4 })) : steps;
  const checkpoint = {
    step: Math.max(0, last + 1 - random.below(6)),
    id: `sha256:${random.below(3)}`,
    stateSha256: `sha256:${random.below(2)}`,
    sizeBytes: 7,
  };
  const calls: Call[] = [
    [
      'beginAttempt',
      async () => {
        const begun = await attempts.beginAttempt({ ...reference, phase: 'training', host: 'h' });
        tokens.set(keyOf(begun), begun.token);
        return begun.lease;
      },
      () => model.beginAttempt(),
    ],
    [
      'finishAttempt',
      () => attempts.finishAttempt(holder, { cause }),
      () => model.finishAttempt(holder, cause),
    ],
    ['revoke', () => attempts.revoke(reference), () => model.revoke()],
    [
      'setAttemptProfile',
      () => attempts.setAttemptProfile(holder, profile),
      () => model.setAttemptProfile(holder, profile),
    ],
    ...Array.from({ length: 4 }, (): Call => [
      'recordSteps',
      () => ledger.recordSteps(holder, { steps: withGap, progress: progressAt(1), times: noTimes }),
      () => model.recordSteps(holder, withGap),
    ]),
    ...Array.from({ length: 3 }, (): Call => [
      'commitCheckpoint',
      () => checkpoints.commitCheckpoint(holder, checkpoint),
      () => model.commitCheckpoint(holder, checkpoint),
    ]),
  ];
  if (random.isDue(0.01))
    return [
      'end',
      async () => {
        await transitions.recordTransition({ ...reference, sequence: 1, state: 'cancelled', error: null });
        return null;
      },
      () => model.end('cancelled'),
    ];
  return random.pick(calls);
}

async function realRows(reference: ExperimentReference): Promise<unknown> {
  const { attempts, ledger, checkpoints } = opened.repositories;
  return {
    attempts: (await attempts.listAttempts(reference)).map(
      ({ lease, segment, cause, startStep, stepsDone, stepsRepeated }) => ({
        lease,
        segment,
        cause,
        startStep,
        stepsDone,
        stepsRepeated,
      }),
    ),
    ledger: await ledger.ledger(reference, { fromStep: 1, limit: 1_000 }),
    checkpoints: (await checkpoints.listCheckpoints(reference, { limit: 100 })).map(
      ({ step, id, sizeBytes }) => ({
        step,
        id,
        sizeBytes,
      }),
    ),
    older: (await checkpoints.listCheckpoints(reference, { limit: 1, beforeStep: 5 })).map(
      ({ step }) => step,
    ),
  };
}

function modelRows(model: DatabaseModel): unknown {
  return {
    attempts: model.attempts.map(({ profile: _profile, recordedStep: _recordedStep, ...attempt }) => attempt),
    ledger: model.ledger,
    checkpoints: model
      .listCheckpoints({ limit: 100 })
      .map(({ step, id, sizeBytes }) => ({ step, id, sizeBytes })),
    older: model.listCheckpoints({ limit: 1, beforeStep: 5 }).map(({ step }) => step),
  };
}

/** @returns the first call with different outcomes, or where the rows differ at the end; and how calls ended. */
async function compare(seed: number, rules?: DatabaseRules) {
  const random = new Random(seed);
  const reference = await submit(opened.repositories);
  const model = new DatabaseModel(rules);
  const endings: string[] = [];
  for (let call = 0; call < callsASequence; call += 1) {
    const [name, real, modelled] = nextCall(random, reference, model);
    const expected = await outcomeOf(real);
    const given = await outcomeOf(modelled);
    endings.push(`${name} ${codeOf(expected)}`);
    if (!isDeepStrictEqual(given, expected))
      return { difference: { seed, call, name, expected, given }, endings };
  }
  const [expected, given] = [await realRows(reference), modelRows(model)];
  return isDeepStrictEqual(given, expected)
    ? { difference: undefined, endings }
    : { difference: { seed, call: callsASequence, name: 'rows', expected, given }, endings };
}

const codeOf = (outcome: unknown): string =>
  typeof outcome === 'object' && outcome !== null && 'code' in outcome ? String(outcome.code) : 'done';

describe('the model of the database', () => {
  it(`answers as the repositories do in ${sequences} random sequences of ${callsASequence} calls`, async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= sequences; seed += 1) {
      const { difference, endings } = await compare(seed);
      if (difference !== undefined) {
        expect(difference.given, JSON.stringify({ ...difference, given: '' })).toEqual(difference.expected);
        throw new Error('equal and yet different');
      }
      for (const ending of endings) seen.add(ending);
    }
    // A comparison that never met a refusal would say little.
    for (const ending of [
      'recordSteps done',
      'recordSteps lease_lost',
      'recordSteps divergence',
      'recordSteps internal',
      'commitCheckpoint done',
      'commitCheckpoint lease_lost',
      'commitCheckpoint divergence',
      'commitCheckpoint internal',
      'finishAttempt lease_lost',
      'beginAttempt transition_not_allowed',
      'setAttemptProfile done',
    ])
      expect(seen).toContain(ending);
  }, 60_000);

  it.each<[string, DatabaseRules]>([
    ['without leases', { leases: false, comparison: true }],
    ['without the comparison of steps', { leases: true, comparison: false }],
  ])(
    '%s is told from the repositories',
    async (_name, rules) => {
      let difference: unknown;
      for (let seed = 1; seed <= sequences && difference === undefined; seed += 1)
        ({ difference } = await compare(seed, rules));
      expect(difference).toBeDefined();
    },
    60_000,
  );
});
