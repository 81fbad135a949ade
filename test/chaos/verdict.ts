// What must be true of an experiment after a campaign. Pure: it sees what a user can see.
import type { LedgerLine, Outcome } from './outcome.ts';

interface Expectation {
  /** Either is right: a cancellation may come too late. */
  readonly endsAs: readonly string[];
  /** The same submission, trained while nobody disturbed it. */
  readonly twin: Outcome;
}

/** @returns what is wrong, in words; nothing when all is as it must be. */
export function judge(outcome: Outcome, { endsAs, twin }: Expectation): string[] {
  const problems: string[] = [];
  if (!endsAs.includes(outcome.state))
    problems.push(
      `ended as ${outcome.state} (${outcome.errorCode ?? 'no error'}) instead of ${endsAs.join(' or ')}`,
    );
  problems.push(...judgeLedger(outcome.ledger, twin.ledger, outcome.state === 'succeeded'));
  problems.push(...judgeAttempts(outcome));
  if (outcome.unreadableCheckpoints.length > 0)
    problems.push(`checkpoints cannot be read: ${outcome.unreadableCheckpoints.join(', ')}`);
  if (outcome.state !== 'succeeded') return problems;
  if (outcome.weightsSha256 !== twin.weightsSha256)
    problems.push(`weights ${outcome.weightsSha256} differ from the twin's ${twin.weightsSha256}`);
  if (outcome.modelSha256 !== twin.modelSha256) problems.push('the downloaded model differs from the twin’s');
  if (JSON.stringify(outcome.proof) !== JSON.stringify(twin.proof))
    problems.push('the proof differs from the twin’s');
  return problems;
}

function judgeLedger(ledger: readonly LedgerLine[], twin: readonly LedgerLine[], isWhole: boolean): string[] {
  const gap = ledger.findIndex(({ step }, index) => step !== index + 1);
  if (gap >= 0) return [`the ledger has step ${ledger[gap]?.step} in place ${gap + 1}`];
  const differing = ledger.findIndex((line, index) => !isSame(line, twin[index]));
  if (differing >= 0) return [`the ledger differs from the twin's at step ${differing + 1}`];
  if (isWhole && ledger.length !== twin.length)
    return [`the ledger has ${ledger.length} steps, the twin's ${twin.length}`];
  const earlier = ledger.findIndex(({ lease }, index) => lease < (ledger[index - 1]?.lease ?? 0));
  return earlier < 0 ? [] : [`step ${earlier + 1} was written by an attempt that had been replaced`];
}

function isSame(line: LedgerLine, twin: LedgerLine | undefined): boolean {
  return (
    line.lossBits === twin?.lossBits &&
    line.gradientNormBits === twin.gradientNormBits &&
    line.examples === twin.examples
  );
}

function judgeAttempts({ attempts, ledger, state }: Outcome): string[] {
  const problems: string[] = [];
  const open = attempts.filter(({ cause }) => cause === null).map(({ lease }) => lease);
  if (open.length > 0) problems.push(`attempts ${open.join(', ')} have not ended`);
  // Steps that a fork took over carry the lease 0, which no attempt has.
  const own = ledger.filter(({ lease }) => lease > 0).length;
  const counted = attempts.reduce((sum, attempt) => sum + attempt.stepsDone - attempt.stepsRepeated, 0);
  if (counted !== own) problems.push(`attempts count ${counted} new steps, the ledger has ${own}`);
  if (state === 'succeeded' && attempts.length > 0 && attempts.at(-1)?.cause !== 'completed')
    problems.push('the last attempt did not complete');
  return problems;
}
