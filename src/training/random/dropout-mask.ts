// Which elements dropout keeps, from counters: (step, site) addresses a stream, an element's place its byte in it.
import { wordReader, type Keystream } from './keystream.ts';

/** Streams of ties lie beside those of bytes: the highest bit of the site tells them apart. */
const tieBit = 2 ** 31;

/** Two bytes of a word in lanes of 16 bits, so that a sum in one lane does not reach the other. */
const lanes = 0x00ff00ff;
const laneOnes = 0x00010001;

/** Bytes drawn and compared at a time. */
const chunkBytes = 1 << 15;

/**
 * Fills `mask` with 1 for keep and 0 for drop. One random byte decides, except in the one case in 256 where it equals
 * the whole part of 256 p: then a further 32-bit word does. So the probability is p to within 2^-40.
 *
 * Four bytes are compared at once: adding 255 - t to a byte carries into the ninth bit exactly when the byte is above t.
 * @param probability - of dropping, at least 0 and below 1
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
  const tieWord = wordReader(keystream, step, site + tieBit, 64);
  const above = (255 - threshold) * laneOnes;
  const reached = above + laneOnes;
  const draw = keystream.filler(step, site);
  const bytes = new Uint8Array(chunkBytes);
  const words = new Uint32Array(bytes.buffer);
  for (let start = 0; start < mask.length; start += chunkBytes) {
    const size = Math.min(chunkBytes, mask.length - start);
    draw(bytes);
    for (let place = 0; place < Math.ceil(size / 4); place++) {
      const word = words[place] ?? 0;
      const even = word & lanes;
      const odd = (word >>> 8) & lanes;
      const keptEven = ((even + above) >>> 8) & laneOnes;
      const keptOdd = ((odd + above) >>> 8) & laneOnes;
      words[place] = keptEven | (keptOdd << 8);
      const tied = (((even + reached) >>> 8) & laneOnes) ^ keptEven;
      const tiedOdd = (((odd + reached) >>> 8) & laneOnes) ^ keptOdd;
      if ((tied | tiedOdd) === 0) continue;
      const ties = tied | (tiedOdd << 8);
      for (let byte = 0; byte < 4; byte++)
        if (((ties >>> (8 * byte)) & 1) === 1) bytes[4 * place + byte] = tieWord() < remainder ? 0 : 1;
    }
    mask.set(bytes.subarray(0, size), start);
  }
}
