// What the repositories mean, without a database: the leases, ledger and checkpoints of one experiment, a call a transaction.
// database-model.test.ts holds it against the real repositories.
import type { NewCheckpoint } from '../../src/database/checkpoint-repository.ts';
import type { RecordedStep } from '../../src/database/ledger-chunk.ts';
import type { LedgerEntry } from '../../src/database/ledger-steps.ts';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import type { AttemptCause } from '../../src/experiment/attempt.ts';
import { CodedError } from '../../src/error.ts';
import { canonicalJson } from '../../src/json/canonical-json.ts';

/** Parts that can be left out on purpose, to see what then goes wrong. */
export interface DatabaseRules {
  readonly leases: boolean;
  readonly comparison: boolean;
}

export interface ModelAttempt {
  readonly lease: number;
  profile: string | null;
  segment: number;
  cause: AttemptCause | null;
  startStep: number | null;
  recordedStep: number | null;
  stepsDone: number;
  stepsRepeated: number;
}

export interface ModelCheckpoint extends NewCheckpoint {
  readonly lease: number;
}

const compared = ['lossBits', 'gradientNormBits', 'learningRate', 'examples'] as const;

export class DatabaseModel {
  lease = 0;
  isEnded = false;
  readonly attempts: ModelAttempt[] = [];
  readonly ledger: LedgerEntry[] = [];
  readonly checkpoints = new Map<number, ModelCheckpoint>();
  /** The profile of each segment. */
  readonly #segments: string[] = [];
  readonly #rules: DatabaseRules;

  constructor(rules: DatabaseRules = { leases: true, comparison: true }) {
    this.#rules = rules;
  }

  /** @throws CodedError `transition_not_allowed`. */
  beginAttempt(): number {
    if (this.isEnded) throw new CodedError('transition_not_allowed', 'The experiment has ended.');
    this.#close('lost');
    this.lease += 1;
    this.attempts.push({
      lease: this.lease,
      profile: null,
      segment: 0,
      cause: null,
      startStep: null,
      recordedStep: null,
      stepsDone: 0,
      stepsRepeated: 0,
    });
    return this.lease;
  }

  /** @throws CodedError `lease_lost`. */
  finishAttempt({ lease }: LeaseHolder, cause: AttemptCause): void {
    this.#requireLease(lease);
    this.#close(cause, lease);
  }

  revoke(): void {
    if (!this.isEnded && this.#close('lost') > 0) this.lease += 1;
  }

  /** The experiment ends, and with it the right to write of whoever has the lease. */
  end(cause: AttemptCause): void {
    this.#close(cause);
    this.isEnded = true;
  }

  /** @throws CodedError `lease_lost`. */
  setAttemptProfile(
    { lease }: LeaseHolder,
    { profile, startStep }: { readonly profile: Readonly<object>; readonly startStep: number },
  ): { readonly segment: number; readonly recordedStep: number } {
    this.#requireLease(lease);
    const recordedStep = this.ledger.length;
    const attempt = this.#attempt(lease);
    if (attempt === undefined) return { segment: 0, recordedStep };
    const text = canonicalJson(profile);
    if (this.#segments.at(-1) !== text) this.#segments.push(text);
    const segment = this.#segments.length - 1;
    Object.assign(attempt, { profile: text, startStep, segment, recordedStep });
    return { segment, recordedStep };
  }

  /** @throws CodedError `lease_lost`, `divergence`, `internal` for a gap. */
  recordSteps({ lease }: LeaseHolder, steps: readonly RecordedStep[]): void {
    this.#requireLease(lease);
    const attempt = this.#attempt(lease);
    const segment = this.#segment(lease);
    const first = steps[0]?.step ?? 1;
    if (
      first < 1 ||
      first > this.ledger.length + 1 ||
      steps.some(({ step }, index) => step !== first + index)
    )
      throw new CodedError('internal', 'Steps do not follow the recorded ones.');
    const again = steps.filter(({ step }) => step <= this.ledger.length);
    const profileOf = (step: number): string | undefined =>
      this.#segments[this.ledger[step - 1]?.segment ?? -1];
    const other = again.find(({ step }) => profileOf(step) !== this.#segments[segment])?.step ?? Infinity;
    for (const step of again.filter((each) => each.step < other)) {
      const earlier = this.ledger[step.step - 1];
      if (!this.#rules.comparison || earlier === undefined) continue;
      if (compared.some((name) => earlier[name] !== step[name]))
        throw new CodedError('divergence', `Step ${step.step} gave other bits than before.`);
    }
    this.#dropFrom(other);
    for (const { step, lossBits, gradientNormBits, learningRate, examples } of steps)
      if (step > this.ledger.length)
        this.ledger.push({ step, lossBits, gradientNormBits, learningRate, examples, lease, segment });
    if (attempt === undefined) return;
    const last = first + steps.length - 1;
    const start = attempt.startStep ?? first - 1;
    attempt.stepsDone = Math.max(attempt.stepsDone, last - start);
    attempt.stepsRepeated = Math.max(
      attempt.stepsRepeated,
      Math.min(last, attempt.recordedStep ?? 0) - start,
    );
  }

  /** @throws CodedError `lease_lost`, `divergence`, `internal` before its steps are there. */
  commitCheckpoint({ lease }: LeaseHolder, { step, id, stateSha256, sizeBytes }: NewCheckpoint): void {
    this.#requireLease(lease);
    if (step > this.ledger.length) throw new CodedError('internal', 'The ledger ends before the checkpoint.');
    const earlier = this.checkpoints.get(step);
    if (earlier?.id === id) return;
    const isSame = this.ledger[step - 1]?.segment === this.#segment(lease);
    if (earlier !== undefined && earlier.stateSha256 !== stateSha256 && isSame)
      throw new CodedError('divergence', `Step ${step} gave another checkpoint than before.`);
    this.checkpoints.set(step, { step, id, stateSha256, sizeBytes, lease });
  }

  /** Newest first. */
  listCheckpoints({
    limit,
    beforeStep = Infinity,
  }: {
    readonly limit: number;
    readonly beforeStep?: number;
  }): readonly ModelCheckpoint[] {
    return [...this.checkpoints.values()]
      .filter(({ step }) => step < beforeStep)
      .sort((left, right) => right.step - left.step)
      .slice(0, limit);
  }

  /** What another profile had recorded from a step on, and the checkpoints that it led to. */
  #dropFrom(step: number): void {
    if (step > this.ledger.length) return;
    this.ledger.length = step - 1;
    for (const kept of [...this.checkpoints.keys()]) if (kept >= step) this.checkpoints.delete(kept);
  }

  #segment(lease: number): number {
    return this.#attempt(lease)?.segment ?? 0;
  }

  #attempt(lease: number): ModelAttempt | undefined {
    return this.attempts.find((attempt) => attempt.lease === lease);
  }

  #requireLease(lease: number): void {
    if (!this.#rules.leases) return;
    // A lease that took another's away belongs to no attempt.
    if (lease !== this.lease || this.isEnded || this.#attempt(lease) === undefined)
      throw new CodedError('lease_lost', `The attempt with lease ${lease} was replaced.`);
  }

  #close(cause: AttemptCause, lease?: number): number {
    const open = this.attempts.filter(
      (attempt) => attempt.cause === null && (lease === undefined || attempt.lease === lease),
    );
    for (const attempt of open) attempt.cause = cause;
    return open.length;
  }
}
