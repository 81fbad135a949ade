// A trained model as one tar file whose bytes follow from its content, so that ranges and an ETag mean something.
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { CodedError } from '../error.ts';
import { assertRange, type ByteRange } from '../storage/object-store.ts';
import { readSafetensors, type NamedTensor } from './safetensors.ts';
import { tarBlockBytes, tarHeader } from './tar-header.ts';

/** Bytes that can be read from any place. */
export interface RangedContent {
  readonly sizeBytes: number;
  open(range: ByteRange): Promise<Readable>;
}

export interface ModelArchive {
  readonly sizeBytes: number;
  /** The bytes of the archive, or a part of them. */
  open(range?: ByteRange): Readable;
}

interface ArchivedModel {
  /** The parsed config.json. */
  readonly config: unknown;
  /** The text of tokenizer.json. */
  readonly tokenizerJson: string;
  readonly tensors: readonly NamedTensor[];
}

const configName = 'config.json';
const tokenizerName = 'tokenizer.json';
const weightsName = 'model.safetensors';

/**
 * The tar of config.json, tokenizer.json and model.safetensors, in this order, without times or owners.
 *
 * @param content.config written as indented JSON.
 */
export function modelArchive(content: {
  readonly config: object;
  readonly tokenizerJson: string;
  readonly weights: RangedContent;
}): ModelArchive {
  const files: readonly (readonly [string, RangedContent])[] = [
    [configName, inMemory(Buffer.from(`${JSON.stringify(content.config, null, 2)}\n`))],
    [tokenizerName, inMemory(Buffer.from(content.tokenizerJson))],
    [weightsName, content.weights],
  ];
  const parts = files.flatMap(([name, file]) => [
    inMemory(tarHeader(name, file.sizeBytes)),
    file,
    inMemory(Buffer.alloc((tarBlockBytes - (file.sizeBytes % tarBlockBytes)) % tarBlockBytes)),
  ]);
  // Two empty blocks end a tar.
  parts.push(inMemory(Buffer.alloc(2 * tarBlockBytes)));
  const sizeBytes = parts.reduce((size, part) => size + part.sizeBytes, 0);
  return {
    sizeBytes,
    open(range) {
      const wanted = range ?? { start: 0, end: sizeBytes - 1 };
      assertRange(wanted, sizeBytes);
      return Readable.from(readParts(parts, wanted), { objectMode: false });
    },
  };
}

/**
 * Reads what {@link modelArchive} writes.
 *
 * @throws CodedError `model_invalid` when a file is missing or broken.
 */
export async function readModelArchive(stream: Readable): Promise<ArchivedModel> {
  const unpacked = stream.pipe(extract());
  stream.once('error', (error) => unpacked.destroy(error));
  let config: unknown;
  let tokenizerJson: string | undefined;
  let tensors: readonly NamedTensor[] | undefined;
  try {
    for await (const entry of unpacked) {
      const { name, size } = entry.header;
      if (name === configName) config = JSON.parse(await text(entry));
      else if (name === tokenizerName) tokenizerJson = await text(entry);
      else if (name === weightsName) tensors = await readSafetensors(entry as unknown as Readable, size);
      else entry.resume();
    }
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError('model_invalid', 'The archive is not a readable tar.', { cause: error });
  }
  if (config === undefined || tokenizerJson === undefined || tensors === undefined) {
    throw new CodedError(
      'model_invalid',
      `The archive lacks ${configName}, ${tokenizerName} or ${weightsName}.`,
    );
  }
  return { config, tokenizerJson, tensors };
}

async function* readParts(parts: readonly RangedContent[], range: ByteRange): AsyncIterable<Uint8Array> {
  let partStart = 0;
  for (const part of parts) {
    const start = Math.max(range.start - partStart, 0);
    const end = Math.min(range.end - partStart, part.sizeBytes - 1);
    if (start <= end) yield* (await part.open({ start, end })) as AsyncIterable<Uint8Array>;
    partStart += part.sizeBytes;
  }
}

function inMemory(bytes: Buffer): RangedContent {
  return {
    sizeBytes: bytes.length,
    open: ({ start, end }) =>
      Promise.resolve(Readable.from([bytes.subarray(start, end + 1)], { objectMode: false })),
  };
}
