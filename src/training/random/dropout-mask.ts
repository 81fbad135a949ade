// Which elements dropout keeps, from counters: (step, site) addresses a stream, an element's place its byte in it.
import { wordReader, type Keystream } from './keystream.ts';

/** Streams of ties lie beside those of bytes: the highest bit of the site tells them apart. */
const tieBit = 2 ** 31;

/** Each byte of a word of four. */
const everyByte = 0x01010101;

/** Words for ties drawn at a time: about as many as there are ties in a chunk. */
const tieWords = 256;

/** Bytes drawn and compared at a time. */
const chunkBytes = 1 << 15;

/**
 * Fills `mask` with 1 for keep and 0 for drop. One random byte decides, except in the one case in 256 where it equals
 * the whole part of 256 p: then a further 32-bit word does. So the probability is p to within 2^-40.
 *
 * Four bytes are compared at once. The sum of the low seven bits of a byte and 127 less those of t has its eighth bit set
 * exactly when they are the larger; with the eighth bit of the byte itself that tells whether the byte is above t. A byte
 * equals t where their exclusive or is zero, and a word has a zero byte exactly where subtracting one from each byte
 * borrows into an eighth bit that was not set (Warren, Hacker's Delight, 6-1).
 * @param probability of dropping, at least 0 and below 1.
 */
export function fillDropoutMask(
  keystream: Keystream,
  step: number,
  site: number,
  probability: number,
  mask: Uint8Array,
): void {
  const threshold = Math.floor(probability * 256);
  const remainder = Math.round((probability * 256 - threshold) * 2 ** 32);
  const tieWord = wordReader(keystream, step, site + tieBit, tieWords);
  const isHigh = threshold >= 128;
  const rest = (127 - (threshold % 128)) * everyByte;
  const draw = keystream.filler(step, site);
  const bytes = new Uint8Array(chunkBytes);
  const words = new Int32Array(bytes.buffer);
  for (let start = 0; start < mask.length; start += chunkBytes) {
    const size = Math.min(chunkBytes, mask.length - start);
    const count = Math.ceil(size / 4);
    draw(bytes);
    for (let place = 0; place < count; place++) {
      const word = words[place] ?? 0;
      const sum = (word & (127 * everyByte)) + rest;
      words[place] = ((isHigh ? sum & word : sum | word) >>> 7) & everyByte;
      const unequal = word ^ (threshold * everyByte);
      if (((unequal - everyByte) & ~unequal & (128 * everyByte)) === 0) continue;
      for (let byte = 0; byte < 4; byte++)
        if (((word >>> (8 * byte)) & 255) === threshold)
          bytes[4 * place + byte] = tieWord() < remainder ? 0 : 1;
    }
    mask.set(bytes.subarray(0, size), start);
  }
}
