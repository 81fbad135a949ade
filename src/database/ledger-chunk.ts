// How steps of the ledger are packed: 20 bytes a step, big-endian as Postgres's own binary formats are.
import type { ComparedStep } from '../experiment/ledger-step.ts';

/** One optimizer step. */
export interface RecordedStep extends ComparedStep {
  /** Counts from 1. */
  readonly step: number;
}

/** Of a packed step: loss bits, gradient norm bits (uint32), learning rate (float64), examples (uint32). */
export const bytesPerStep = 20;

/** Small enough to stay within its row, large enough that the row's own bytes hardly count. */
export const stepsPerChunk = 64;

/** The bytes of consecutive steps, {@link bytesPerStep} each; their numbers are not among them. */
export function packSteps(steps: readonly RecordedStep[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(steps.length * bytesPerStep);
  const view = new DataView(bytes.buffer);
  for (const [index, { lossBits, gradientNormBits, learningRate, examples }] of steps.entries()) {
    const offset = index * bytesPerStep;
    view.setUint32(offset, lossBits);
    view.setUint32(offset + 4, gradientNormBits);
    view.setFloat64(offset + 8, learningRate);
    view.setUint32(offset + 16, examples);
  }
  return bytes;
}

/** @param fromStep the number of the first packed step. */
export function unpackSteps(bytes: Uint8Array, fromStep: number): RecordedStep[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / bytesPerStep }, (_, index) => {
    const offset = index * bytesPerStep;
    return {
      step: fromStep + index,
      lossBits: view.getUint32(offset),
      gradientNormBits: view.getUint32(offset + 4),
      learningRate: view.getFloat64(offset + 8),
      examples: view.getUint32(offset + 16),
    };
  });
}
