// Normally distributed numbers from a keystream.
import type { Keystream } from './keystream.ts';

/**
 * Fills an array with normal(0, deviation) by the method of Box and Muller.
 * Each pair takes eight bytes: two whole numbers, moved by a half so that the logarithm is finite.
 */
export function fillNormal(keystream: Keystream, target: Float32Array, deviation: number): void {
  const bytes = new Uint8Array(Math.ceil(target.length / 2) * 8);
  keystream.fill(0, 0, bytes);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < target.length; index += 2) {
    const radius = Math.sqrt(-2 * Math.log((view.getUint32(index * 4, true) + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * view.getUint32(index * 4 + 4, true)) / 2 ** 32;
    target[index] = deviation * radius * Math.cos(angle);
    if (index + 1 < target.length) target[index + 1] = deviation * radius * Math.sin(angle);
  }
}
