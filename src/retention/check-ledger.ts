// Holds an experiment's ledger against itself and against the hashes in its checkpoints.
import type { LedgerRepository } from '../database/ledger-repository.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import { emptyLedgerHash, extendLedgerHash } from '../storage/ledger-hash.ts';
import type { Finding } from './finding.ts';

const stepsAPage = 2000;

/** What a checkpoint says of the ledger. */
export interface LedgerMark {
  readonly steps: number;
  readonly sha256: string;
}

/**
 * Tells of missing steps and of checkpoints whose hash is not that of the steps recorded.
 *
 * @throws CodedError `database_unavailable`.
 */
export async function* checkLedger(
  ledger: Pick<LedgerRepository, 'ledger'>,
  reference: ExperimentReference,
  marks: readonly LedgerMark[],
): AsyncGenerator<Finding> {
  const where = `experiment ${reference.experimentId}`;
  const open = new Map(marks.map(({ steps, sha256 }) => [steps, sha256]));
  const compare = function* (steps: number, sha256: string): Generator<Finding> {
    const expected = open.get(steps);
    open.delete(steps);
    if (expected !== undefined && expected !== sha256)
      yield {
        kind: 'differs',
        where,
        what: `the checkpoint of step ${steps} has another hash of the ledger than the steps give`,
      };
  };
  let last = 0;
  let hash = emptyLedgerHash;
  yield* compare(last, hash);
  for (;;) {
    const entries = await ledger.ledger(reference, { fromStep: last + 1, limit: stepsAPage });
    for (const entry of entries) {
      if (entry.step !== last + 1) {
        yield { kind: 'gap', where, what: `steps ${last + 1} to ${entry.step - 1} are not in the ledger` };
        return;
      }
      hash = extendLedgerHash(hash, [entry]);
      last = entry.step;
      yield* compare(last, hash);
    }
    if (entries.length === 0) break;
  }
  for (const steps of open.keys())
    yield {
      kind: 'gap',
      where,
      what: `the ledger ends at step ${last}, before the checkpoint of step ${steps}`,
    };
}
