// The ledger in the bundle of a proof: every step up to the result's, one a line, as the service writes them.
import type { SegmentStart } from '../../src/database/ledger-repository.ts';
import type { LedgerEntry } from '../../src/database/ledger-steps.ts';
import { BundleDiffers } from './unpack-bundle.ts';

const largestUint32 = 2 ** 32 - 1;

/**
 * @param lastStep of the result, with which the ledger ends.
 * @throws BundleDiffers naming the line that the service would not have written.
 */
export function ledgerIn(text: string, lastStep: number): readonly LedgerEntry[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new BundleDiffers('ledger.jsonl ends within a line');
  if (lines.length !== lastStep)
    throw new BundleDiffers(`ledger.jsonl has ${lines.length} steps, and the result is of step ${lastStep}`);
  let before: LedgerEntry | undefined;
  return lines.map((line, index) => {
    const entry = entryOf(line);
    // Whoever takes a training over has a later lease, and never an earlier segment.
    const isInOrder =
      before === undefined || (entry && entry.lease >= before.lease && entry.segment >= before.segment);
    if (entry?.step !== index + 1 || !isInOrder)
      throw new BundleDiffers(`ledger.jsonl: line ${index + 1} is not that of a step after those before it`);
    before = entry;
    return entry;
  });
}

/** @throws BundleDiffers where segments begin with other steps than in the ledger. */
export function checkSegments(segments: readonly SegmentStart[], entries: readonly LedgerEntry[]): void {
  const begins = entries
    .filter(({ segment }, index) => segment !== entries[index - 1]?.segment)
    .map(({ step }) => step);
  if (String(segments.map(({ fromStep }) => fromStep)) !== String(begins))
    throw new BundleDiffers(`proof.json: its segments do not begin with the steps ${begins.join(', ')}`);
}

/** `undefined` for a line with anything else than what an entry has. */
function entryOf(line: string): LedgerEntry | undefined {
  const value = parsed(line) as Partial<LedgerEntry> | null | undefined;
  const { step = -1, lossBits = -1, gradientNormBits = -1, learningRate, examples = -1 } = value ?? {};
  const { lease = -1, segment = -1 } = value ?? {};
  const counts = [step, lossBits, gradientNormBits, examples, lease, segment];
  if (!counts.every(isUint32) || !Number.isFinite(learningRate)) return undefined;
  const entry = {
    step,
    lossBits,
    gradientNormBits,
    learningRate: Number(learningRate),
    examples,
    lease,
    segment,
  };
  return JSON.stringify(entry) === line ? entry : undefined;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Whatever is wrong with the line, it is no step.
    return undefined;
  }
}

function isUint32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= largestUint32;
}
