// The header of a safetensors file: reading it without trust in what it says, and writing it.
import { CodedError } from '../error.ts';
import { duplicateKey } from '../json/duplicate-key.ts';
import { deepestNesting, isNestedTooDeep } from '../json/nesting.ts';
import { isJsonObject } from '../json/json-object.ts';
import { quoted } from '../json/quoted.ts';

/** Of a tensor's name in a message: that of a layer deep in a model is long. */
const nameCharacters = 200;

/** Bytes of one element, by the format's name of the type. Other types are refused. */
const elementBytes = { F32: 4, F16: 2, BF16: 2, I64: 8 } as const;

export type ElementType = keyof typeof elementBytes;

export interface TensorEntry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** First byte, and the byte after the last, counted from the end of the header. */
  readonly start: number;
  readonly end: number;
}

/** The length of the header stands in this many bytes before it, little-endian. */
export const lengthPrefixBytes = 8;
/** The limit of the reference implementation. */
export const longestHeaderBytes = 100_000_000;
const mostDimensions = 8;
/** The header is padded with spaces so that the tensors begin at a multiple of this. */
const alignmentBytes = 8;

/**
 * The length of the header from the first eight bytes.
 *
 * @param fileBytes the size of the whole file.
 * @throws CodedError `model_invalid` when the header cannot fit the file, or is over 100 MB.
 */
export function readHeaderLength(prefix: Uint8Array, fileBytes: number): number {
  if (prefix.byteLength < lengthPrefixBytes) throw invalid('it is shorter than the length of its header');
  const length = Buffer.from(prefix).readBigUInt64LE(0);
  if (length > BigInt(longestHeaderBytes))
    throw invalid(`its header says to be over ${longestHeaderBytes} bytes`);
  if (Number(length) > fileBytes - lengthPrefixBytes)
    throw invalid('its header says to be longer than the file');
  return Number(length);
}

/**
 * Reads a header (format description: huggingface/safetensors). The tensors come back in the order of their bytes, which
 * they cover without gap or overlap.
 *
 * @param dataBytes the size of what follows the header.
 * @throws CodedError `model_invalid`.
 */
export function readHeader(header: Uint8Array, dataBytes: number): readonly TensorEntry[] {
  const text = decode(header);
  if (isNestedTooDeep(text)) throw invalid(`its header is nested over ${deepestNesting} levels deep`);
  const json = parse(text);
  if (!isJsonObject(json)) throw invalid('its header is not a JSON object');
  const repeated = duplicateKey(text);
  if (repeated !== undefined) throw invalid(`its header names ${quoted(repeated, nameCharacters)} twice`);
  const entries = Object.entries(json)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => readEntry(name, value))
    .sort((left, right) => left.start - right.start || left.end - right.end);
  let expectedStart = 0;
  for (const entry of entries) {
    if (entry.start !== expectedStart)
      throw invalid(`the bytes of ${quoted(entry.name, nameCharacters)} overlap others or leave a gap`);
    expectedStart = entry.end;
  }
  if (expectedStart !== dataBytes) {
    throw invalid(`its tensors take ${expectedStart} bytes, and ${dataBytes} follow the header`);
  }
  return entries;
}

/** The length prefix and header of a file that holds these tensors, sorted by name so that equal tensors give equal bytes. */
export function writeHeader(
  tensors: readonly {
    readonly name: string;
    readonly type: ElementType;
    readonly shape: readonly number[];
  }[],
): Uint8Array {
  let start = 0;
  const members: [string, unknown][] = [['__metadata__', { format: 'pt' }]];
  for (const { name, type, shape } of tensors) {
    const end = start + product(shape) * elementBytes[type];
    members.push([name, { dtype: type, shape, data_offsets: [start, end] }]);
    start = end;
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(members)), 'utf8');
  const paddedLength = Math.ceil(text.length / alignmentBytes) * alignmentBytes;
  const bytes = Buffer.alloc(lengthPrefixBytes + paddedLength, ' ');
  bytes.writeBigUInt64LE(BigInt(paddedLength), 0);
  text.copy(bytes, lengthPrefixBytes);
  return bytes;
}

/** The number of elements of a shape. */
export function product(shape: readonly number[]): number {
  return shape.reduce((elements, size) => elements * size, 1);
}

function readEntry(name: string, value: unknown): TensorEntry {
  if (!isJsonObject(value)) throw invalid(`the entry of ${quoted(name, nameCharacters)} is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !isElementType(dtype)) {
    throw invalid(
      `${quoted(name, nameCharacters)} has the type ${typeof dtype === 'string' ? quoted(dtype, nameCharacters) : typeof dtype}; F32, F16, BF16 and I64 are read`,
    );
  }
  if (!Array.isArray(shape) || shape.length > mostDimensions || !shape.every(isCount)) {
    throw invalid(
      `the shape of ${quoted(name, nameCharacters)} is not a list of at most ${mostDimensions} sizes`,
    );
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw invalid(`the offsets of ${quoted(name, nameCharacters)} are not two places`);
  }
  const [start = 0, end = 0] = offsets;
  if (end - start !== product(shape) * elementBytes[dtype]) {
    throw invalid(
      `${quoted(name, nameCharacters)} has ${end - start} bytes, which is not what its shape and type take`,
    );
  }
  return { name, type: dtype, shape, start, end };
}

function decode(header: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
  } catch {
    throw invalid('its header is not UTF-8');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('its header is not JSON');
  }
}

function isElementType(type: string): type is ElementType {
  return Object.hasOwn(elementBytes, type);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function invalid(what: string): CodedError {
  return new CodedError('model_invalid', `The safetensors file cannot be read: ${what}.`);
}
