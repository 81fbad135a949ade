// Puts a whole model together: what it was before training, what training made of a part of it, and adapters merged in.
// One tensor at a time is held, so that a large model can pass through.
import type { Readable } from 'node:stream';
import { setImmediate as nextRound } from 'node:timers/promises';
import { CodedError } from '../error.ts';
import { ByteReader } from './byte-reader.ts';
import type { NamedTensor } from './safetensors.ts';
import {
  lengthPrefixBytes,
  product,
  readHeader,
  readHeaderLength,
  writeHeader,
  type TensorEntry,
} from './safetensors-header.ts';

/** A stored safetensors file of float32 tensors, sorted by name, as this project writes them. */
export interface TensorFile {
  readonly sizeBytes: number;
  open(): Promise<Readable>;
}

export interface WholeModelParts {
  /** Every parameter before training. */
  readonly base: TensorFile;
  /** Those that were trained, under the same names, and adapters. */
  readonly trained: TensorFile;
  /** The ids of the rows that the trained table of words has, ascending; null: all. */
  readonly vocabulary: Int32Array | null;
  /** What the other rows are multiplied with, once. */
  readonly unusedWordScale: number;
  readonly lora: { readonly rank: number; readonly alpha: number } | null;
}

const wordTableName = /(?:^|\.)word_embeddings\.weight$/;

/** The names of the adapter of a weight, as the training writes them: A is [rank, inputs], B [outputs, rank]. */
function adapterOf(weight: string): { readonly a: string; readonly b: string } {
  const module = weight.replace(/\.weight$/, '');
  return { a: `${module}.lora_A.weight`, b: `${module}.lora_B.weight` };
}

/** Reads the tensors of a file one after another. */
class TensorStream {
  readonly entries: readonly TensorEntry[];
  readonly #reader: ByteReader;
  readonly #stream: Readable;
  #next = 0;

  private constructor(reader: ByteReader, stream: Readable, entries: readonly TensorEntry[]) {
    this.#reader = reader;
    this.#stream = stream;
    this.entries = entries;
  }

  static async open(file: TensorFile, onProgress: () => void): Promise<TensorStream> {
    const stream = await file.open();
    try {
      return await TensorStream.#read(stream, file, onProgress);
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  static async #read(stream: Readable, file: TensorFile, onProgress: () => void): Promise<TensorStream> {
    const reader = new ByteReader(stream, onProgress);
    const headerBytes = readHeaderLength(await reader.read(lengthPrefixBytes), file.sizeBytes);
    const dataBytes = file.sizeBytes - lengthPrefixBytes - headerBytes;
    const entries = readHeader(await reader.read(headerBytes), dataBytes);
    return new TensorStream(reader, stream, entries);
  }

  has(name: string): boolean {
    return this.entries.some((entry) => entry.name === name);
  }

  /** The next tensor of the file when it has this name. */
  async take(name: string): Promise<NamedTensor | undefined> {
    const entry = this.entries[this.#next];
    if (entry?.name !== name) return undefined;
    this.#next += 1;
    const bytes = await this.#reader.read(entry.end - entry.start);
    if (bytes.length !== entry.end - entry.start || entry.type !== 'F32')
      throw new CodedError('blob_corrupt', 'A stored file of tensors ends early or is not of float32.');
    return {
      name,
      shape: entry.shape,
      data: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4),
    };
  }

  /** Reads to the end: a stream that checks its content does so only there. */
  async finish(): Promise<void> {
    if (this.#next < this.entries.length)
      throw new CodedError(
        'blob_corrupt',
        `A model has no place for ${this.entries[this.#next]?.name ?? ''}.`,
      );
    await this.#reader.drain();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}

/** The rows in use are the trained ones, the others are scaled, in double precision and rounded once. */
function mergeWords(
  base: NamedTensor,
  trained: NamedTensor,
  vocabulary: Int32Array,
  scale: number,
): NamedTensor {
  const width = base.shape[1] ?? 0;
  const data = base.data.map((value) => value * scale);
  vocabulary.forEach((id, row) =>
    data.set(trained.data.subarray(row * width, (row + 1) * width), id * width),
  );
  return { ...base, data };
}

/** W + alpha / rank * B A (Hu et al., arXiv 2106.09685, section 4.1), summed in double precision. */
async function mergeAdapter(
  base: NamedTensor,
  a: NamedTensor,
  b: NamedTensor,
  scale: number,
): Promise<NamedTensor> {
  const [outputs = 0, inputs = 0] = base.shape;
  const rank = a.shape[0] ?? 0;
  const data = new Float32Array(base.data.length);
  const row = new Float64Array(inputs);
  for (let output = 0; output < outputs; output++) {
    if (output % rowsAStretch === 0) await nextRound();
    row.fill(0);
    for (let inner = 0; inner < rank; inner++) {
      const factor = (b.data[output * rank + inner] ?? 0) * scale;
      for (let input = 0; input < inputs; input++)
        row[input] = (row[input] ?? 0) + factor * (a.data[inner * inputs + input] ?? 0);
    }
    for (let input = 0; input < inputs; input++)
      data[output * inputs + input] = (base.data[output * inputs + input] ?? 0) + (row[input] ?? 0);
  }
  return { ...base, data };
}

/** Output rows merged before other work goes on. */
const rowsAStretch = 64;

async function mergeTensor(
  entry: TensorEntry,
  base: TensorStream,
  trained: TensorStream,
  parts: WholeModelParts,
): Promise<NamedTensor> {
  const before = await base.take(entry.name);
  if (before === undefined) throw new CodedError('blob_corrupt', 'The tensors of a model are not in order.');
  const names = adapterOf(entry.name);
  if (parts.lora !== null && trained.has(names.a)) {
    const [a, b] = [await trained.take(names.a), await trained.take(names.b)];
    if (a === undefined || b === undefined) throw new CodedError('blob_corrupt', 'An adapter is not whole.');
    return mergeAdapter(before, a, b, parts.lora.alpha / parts.lora.rank);
  }
  const after = await trained.take(entry.name);
  if (after === undefined) return before;
  if (parts.vocabulary !== null && wordTableName.test(entry.name))
    return mergeWords(before, after, parts.vocabulary, parts.unusedWordScale);
  return after;
}

/**
 * The tensors of the whole model, one after another in the order of their names.
 *
 * @param onProgress called as bytes come.
 * @throws CodedError `blob_missing`, `blob_corrupt` when a file is not what its name says, at its end at the latest.
 */
export async function* wholeModelTensors(
  parts: WholeModelParts,
  onProgress: () => void = () => undefined,
): AsyncGenerator<NamedTensor> {
  const base = await TensorStream.open(parts.base, onProgress);
  try {
    const trained = await TensorStream.open(parts.trained, onProgress);
    try {
      for (const entry of base.entries) yield await mergeTensor(entry, base, trained, parts);
      await base.finish();
      await trained.finish();
    } finally {
      trained.destroy();
    }
  } finally {
    base.destroy();
  }
}

/** The model.safetensors of the whole model: its size, known before any weight is read, and its bytes. */
export async function wholeModelFile(
  parts: WholeModelParts,
): Promise<{ readonly sizeBytes: number; readonly bytes: () => AsyncGenerator<Uint8Array> }> {
  const base = await TensorStream.open(parts.base, () => undefined);
  base.destroy();
  const header = writeHeader(base.entries.map(({ name, shape }) => ({ name, shape, type: 'F32' })));
  const dataBytes = base.entries.reduce((sum, { shape }) => sum + 4 * product(shape), 0);
  return {
    sizeBytes: header.byteLength + dataBytes,
    async *bytes() {
      yield header;
      for await (const { data } of wholeModelTensors(parts))
        yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    },
  };
}
