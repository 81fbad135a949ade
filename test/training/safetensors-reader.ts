// A small reader of safetensors files for tests; F64 becomes float64, F32 float32.
import { readFileSync } from 'node:fs';

export interface ReadTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export function readSafetensors(path: string): ReadTensor[] {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<string, Entry>;
  return Object.entries(header)
    .filter(([name, { dtype }]) => name !== '__metadata__' && dtype.startsWith('F'))
    .map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [start, end],
        },
      ]) => {
        const copy = Uint8Array.from(bytes.subarray(8 + headerLength + start, 8 + headerLength + end)).buffer;
        return { name, shape, data: dtype === 'F64' ? new Float64Array(copy) : new Float32Array(copy) };
      },
    );
}
