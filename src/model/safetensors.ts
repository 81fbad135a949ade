// Tensors in safetensors files. Everything is widened to 32-bit floating point; integer tensors are passed over.
import { endianness } from 'node:os';
import type { Readable } from 'node:stream';
import { CodedError } from '../error.ts';
import { ByteReader } from './byte-reader.ts';
import { widenBfloat16, widenFloat16 } from './half-precision.ts';
import {
  lengthPrefixBytes,
  product,
  readHeader,
  readHeaderLength,
  writeHeader,
  type TensorEntry,
} from './safetensors-header.ts';

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major, `product(shape)` elements. */
  readonly data: Float32Array;
}

/**
 * Reads every floating-point tensor as the bytes come. The stream is read to its end, so that one which checks its content
 * has done so.
 *
 * @param fileBytes the size of the whole file.
 * @param onProgress called whenever bytes come.
 * @throws CodedError `model_invalid`, or what the stream fails with.
 */
export async function readSafetensors(
  stream: Readable,
  fileBytes: number,
  onProgress?: () => void,
): Promise<readonly NamedTensor[]> {
  const reader = new ByteReader(stream, onProgress);
  try {
    const headerBytes = readHeaderLength(await reader.read(lengthPrefixBytes), fileBytes);
    const entries = readHeader(await reader.read(headerBytes), fileBytes - lengthPrefixBytes - headerBytes);
    const tensors: NamedTensor[] = [];
    for (const entry of entries) {
      const bytes = await reader.read(entry.end - entry.start);
      if (bytes.length !== entry.end - entry.start) {
        throw new CodedError('model_invalid', 'The safetensors file ends before its tensors do.');
      }
      const data = widen(entry, bytes);
      if (data !== undefined) tensors.push({ name: entry.name, shape: entry.shape, data });
    }
    await reader.drain();
    return tensors;
  } finally {
    stream.destroy();
  }
}

/**
 * The safetensors file of these tensors in parts, without a copy of their data: the header, then each tensor's own memory.
 * They are sorted by name and aligned, so that equal tensors give equal bytes.
 *
 * @throws TypeError when a shape does not fit its data, or two tensors have one name.
 */
export function safetensorsFile(tensors: readonly NamedTensor[]): { readonly parts: readonly Uint8Array[] } {
  const sorted = [...tensors].sort((left, right) => (left.name < right.name ? -1 : 1));
  for (const [index, { name, shape, data }] of sorted.entries()) {
    if (product(shape) !== data.length) throw new TypeError(`The shape of ${name} does not fit its data.`);
    if (sorted[index + 1]?.name === name) throw new TypeError(`There are two tensors ${name}.`);
  }
  const header = writeHeader(sorted.map(({ name, shape }) => ({ name, shape, type: 'F32' })));
  return { parts: [header, ...sorted.map(({ data }) => bytesOf(data))] };
}

/** {@link safetensorsFile} in one piece, beside the tensors: for small models. */
export function encodeSafetensors(tensors: readonly NamedTensor[]): Uint8Array {
  return Buffer.concat(safetensorsFile(tensors).parts);
}

function widen(entry: TensorEntry, bytes: Buffer): Float32Array | undefined {
  switch (entry.type) {
    case 'F32':
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    case 'F16':
      return widenFloat16(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2));
    case 'BF16':
      return widenBfloat16(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2));
    case 'I64':
      return undefined;
  }
}

/** The bytes of the elements. The format is little-endian, as is every platform that onnxruntime-node has. */
function bytesOf(data: Float32Array): Uint8Array {
  if (endianness() !== 'LE')
    throw new TypeError('Safetensors files are written on little-endian machines only.');
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
