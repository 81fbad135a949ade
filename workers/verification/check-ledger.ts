// Holds a ledger against the running hashes that checkpoints were kept with.
import type { RecordedStep } from '../../src/database/ledger-chunk.ts';
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
      hash = extendLedgerHash(hash, ledgerRecords(await steps(last + 1, toStep)));
      last = toStep;
    }
    if (hash !== manifest.ledger.sha256) return { fromStep, toStep: step };
  }
  return undefined;
}

/** Steps as they are hashed: the learning rate as a float32. */
function ledgerRecords(steps: readonly RecordedStep[]) {
  const bits = new Uint32Array(new Float32Array(steps.map(({ learningRate }) => learningRate)).buffer);
  return steps.map((step, index) => ({ ...step, learningRateBits: bits[index] ?? 0 }));
}
