// Random bytes addressed by counters: AES-128 in counter mode (NIST SP 800-38A), keyed by a seed and a purpose.
// The same address gives the same bytes in any process, so that a resumed run draws what the lost one would have.
import { createCipheriv, createHash } from 'node:crypto';

const zeros = new Uint8Array(1 << 16);

export interface Keystream {
  /** Fills `target` with the bytes of stream (`high`, `low`), from its beginning. */
  fill(high: number, low: number, target: Uint8Array): void;
  /** A filler that goes through stream (`high`, `low`) from its beginning, each call where the one before ended. */
  filler(high: number, low: number): (target: Uint8Array) => void;
}

/** Streams of one purpose; `high` and `low` are whole numbers, 0 to 2^32 - 1. A stream holds 2^68 bytes. */
export function createKeystream(seed: number, purpose: string): Keystream {
  const key = createHash('sha256').update(`${seed}/${purpose}`).digest().subarray(0, 16);
  const filler: Keystream['filler'] = (high, low) => {
    const start = Buffer.alloc(16);
    start.writeUInt32BE(high, 0);
    start.writeUInt32BE(low, 4);
    const cipher = createCipheriv('aes-128-ctr', key, start);
    return (target) => {
      for (let offset = 0; offset < target.length; offset += zeros.length)
        target.set(cipher.update(zeros.subarray(0, Math.min(zeros.length, target.length - offset))), offset);
    };
  };
  return { filler, fill: (high, low, target) => filler(high, low)(target) };
}

/** A reader of one stream as whole numbers, 0 to 2^32 - 1, fetched in blocks of so many. */
export function wordReader(keystream: Keystream, high: number, low: number, blockWords = 1024): () => number {
  const fillBytes = keystream.filler(high, low);
  const bytes = new Uint8Array(blockWords * 4);
  const view = new DataView(bytes.buffer);
  let next = blockWords;
  return () => {
    if (next === blockWords) {
      fillBytes(bytes);
      next = 0;
    }
    return view.getUint32(4 * next++, true);
  };
}
