// Holds a ledger against the running hashes that checkpoints were kept with.
import type { StepSpan } from '../../src/experiment/verification.ts';
import { emptyLedgerHash, extendLedgerHash } from '../../src/storage/ledger-hash.ts';
import type { Evidence } from './evidence.ts';

const stepsAtOnce = 10_000;

/** @returns the steps among which one is not what a checkpoint was kept with; `undefined` where all are. */
export async function differentSpan({ steps, checkpoints }: Evidence): Promise<StepSpan | undefined> {
  let hash = emptyLedgerHash;
  let last = 0;
  for (const { step, manifest } of checkpoints) {
    const fromStep = last + 1;
    while (last < step) {
      const toStep = Math.min(step, last + stepsAtOnce);
      hash = extendLedgerHash(hash, await steps(last + 1, toStep));
      last = toStep;
    }
    if (hash !== manifest.ledger.sha256) return { fromStep, toStep: step };
  }
  return undefined;
}
