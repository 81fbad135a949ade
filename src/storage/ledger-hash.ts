// The running hash of an experiment's steps. It goes on from any checkpoint without the records before it.
import { createHash } from 'node:crypto';

/** What a step was, in bits. The lease of the attempt is left out: it does not change what was computed. */
export interface LedgerRecord {
  readonly step: number;
  /** The IEEE 754 single-precision bits of the loss, as an unsigned 32-bit number. */
  readonly lossBits: number;
  readonly gradientNormBits: number;
  /** Hashed as a float32. */
  readonly learningRate: number;
  /** Examples consumed by this step. */
  readonly examples: number;
}

/** How far a ledger goes, and its running hash there. */
export interface LedgerPosition {
  readonly steps: number;
  readonly sha256: string;
}

/** Of the records, and of how they are hashed. */
export const ledgerFormatVersion = 1;

const recordBytes = 20;
const hashPrefix = 'sha256:';

/** The hash of a ledger without steps. */
export const emptyLedgerHash = `${hashPrefix}${createHash('sha256').update(`ledger format ${ledgerFormatVersion}`).digest('hex')}`;

/**
 * Extends the running hash: `h(n) = SHA-256(h(n-1) || record(n))`, where a record is five unsigned 32-bit little-endian
 * numbers: step, loss bits, gradient norm bits, the bits of the learning rate, examples.
 *
 * @param previous the hash so far; `undefined` for a ledger without steps.
 */
export function extendLedgerHash(previous: string | undefined, records: Iterable<LedgerRecord>): string {
  let hash = Buffer.from((previous ?? emptyLedgerHash).slice(hashPrefix.length), 'hex');
  const bytes = Buffer.alloc(recordBytes);
  for (const record of records) {
    bytes.writeUInt32LE(record.step, 0);
    bytes.writeUInt32LE(record.lossBits, 4);
    bytes.writeUInt32LE(record.gradientNormBits, 8);
    bytes.writeFloatLE(record.learningRate, 12);
    bytes.writeUInt32LE(record.examples, 16);
    hash = createHash('sha256').update(hash).update(bytes).digest();
  }
  return `${hashPrefix}${hash.toString('hex')}`;
}
