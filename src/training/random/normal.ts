// Random numbers of a given distribution from a keystream.
import { setImmediate as nextRound } from 'node:timers/promises';
import { wordReader, type Keystream } from './keystream.ts';

/** After so many numbers, some tens of milliseconds, other work goes on. Even, as numbers come in pairs. */
const numbersAStretch = 2 ** 20;

/**
 * Fills an array with normal(0, deviation) by the method of Box and Muller.
 * Each pair takes eight bytes: two whole numbers, moved by a half so that the logarithm is finite.
 *
 * @param onProgress called each time before other work goes on; what it throws ends the filling.
 */
export async function fillNormal(
  keystream: Keystream,
  target: Float32Array,
  deviation: number,
  onProgress: () => void = () => undefined,
): Promise<void> {
  const fillBytes = keystream.filler(0, 0);
  for (let start = 0; start < target.length; start += numbersAStretch) {
    if (start > 0) {
      onProgress();
      await nextRound();
    }
    const part = target.subarray(start, start + numbersAStretch);
    const bytes = new Uint8Array(Math.ceil(part.length / 2) * 8);
    fillBytes(bytes);
    toNormal(bytes, part, deviation);
  }
}

function toNormal({ buffer }: Uint8Array, target: Float32Array, deviation: number): void {
  const view = new DataView(buffer);
  for (let index = 0; index < target.length; index += 2) {
    const radius = Math.sqrt(-2 * Math.log((view.getUint32(index * 4, true) + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * view.getUint32(index * 4 + 4, true)) / 2 ** 32;
    target[index] = deviation * radius * Math.cos(angle);
    if (index + 1 < target.length) target[index + 1] = deviation * radius * Math.sin(angle);
  }
}

/** Fills an array with numbers spread evenly over -bound to bound, each from a word of the stream. */
export function fillUniform(keystream: Keystream, target: Float32Array, bound: number): void {
  const nextWord = wordReader(keystream, 0, 0);
  for (let index = 0; index < target.length; index++)
    target[index] = bound * (((nextWord() + 0.5) / 2 ** 32) * 2 - 1);
}
