// A tar whose size is known before its content is read, so that any part of it can be.
import { Readable } from 'node:stream';
import { assertRange, type ByteRange } from '../storage/object-store.ts';
import { tarBlockBytes, tarHeader } from './tar-header.ts';

/** Bytes that can be read from any place. */
export interface RangedContent {
  readonly sizeBytes: number;
  open(range: ByteRange): Promise<Readable>;
}

export interface TarArchive {
  readonly sizeBytes: number;
  /** The bytes of the archive, or a part of them. */
  open(range?: ByteRange): Readable;
}

/** The tar of files, in their order, without times or owners: the same files are the same bytes. */
export function tarArchive(files: readonly (readonly [name: string, RangedContent])[]): TarArchive {
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

/** Content that is there as bytes; ranges of it share their memory. */
export function inMemory(bytes: Uint8Array): RangedContent {
  return {
    sizeBytes: bytes.length,
    open: ({ start, end }) =>
      Promise.resolve(Readable.from([bytes.subarray(start, end + 1)], { objectMode: false })),
  };
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
