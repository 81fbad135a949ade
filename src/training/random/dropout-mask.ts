// Which elements dropout keeps, from counters: (step, site) addresses a stream, an element's place its byte in it.
import { wordReader, type Keystream } from './keystream.ts';

/** Streams of ties lie beside those of bytes: the highest bit of the site tells them apart. */
const tieBit = 2 ** 31;

/**
 * Fills `mask` with 1 for keep and 0 for drop. One random byte decides, except in the one case in 256 where it equals
 * the whole part of 256 p: then a further 32-bit word does. So the probability is p to within 2^-40.
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
  const tieWord = wordReader(keystream, step, site + tieBit, Math.max(64, mask.length >> 7));
  keystream.fill(step, site, mask);
  for (let index = 0; index < mask.length; index++) {
    const byte = mask[index] ?? 0;
    // The sign bit of the difference: a branch here would be mispredicted at every dropped element.
    mask[index] = (threshold - byte) >>> 31;
    if (byte === threshold) mask[index] = tieWord() < remainder ? 0 : 1;
  }
}
