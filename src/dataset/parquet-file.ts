// A Parquet file on this machine, read row group by row group. What it says of its own sizes is checked before it is believed.
import { open, type FileHandle } from 'node:fs/promises';
import {
  parquetMetadataAsync,
  parquetRead,
  type AsyncBuffer,
  type FileMetaData,
  type RowGroup,
} from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { compressors } from 'hyparquet-compressors';
import { datasetLimits, parquetLimits } from './limits.ts';
import { cellBytes, CellFault, cellOf, cellOfText } from './parquet-cell.ts';
import type { CellValue } from './rows.ts';
import { quoted } from '../json/quoted.ts';

/** What makes a file unreadable. The message goes on after "line N: ". */
export class ParquetFault extends Error {}

export interface ParquetFile {
  /** In the order of the schema. */
  readonly columns: readonly string[];
  /** Batches of rows; a row has its cells in the order of the columns. */
  readonly batches: AsyncGenerator<readonly (readonly CellValue[])[]>;
}

const magicBytes = 4;
const footerLengthBytes = 4;

/**
 * @throws ParquetFault for what is no Parquet file, is broken or is over a limit; CellFault for a cell that no row may hold;
 *   the file system's fault.
 */
export async function openParquet(path: string): Promise<ParquetFile> {
  const handle = await open(path, 'r');
  const file = await bufferOf(handle);
  await checkFooter(file);
  const { metadata, columns } = await told('has a footer that cannot be read', () => readFooter(file));
  return { columns, batches: batchesOf(file, metadata, columns) };
}

/** A parser's fault says where its code failed; a reader is told where the file did. */
async function told<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isTold = error instanceof ParquetFault || error instanceof CellFault;
    const isOfSystem = error instanceof Error && 'syscall' in error;
    throw isTold || isOfSystem ? error : new ParquetFault(what, { cause: error });
  }
}

async function readFooter(
  file: AsyncBuffer,
): Promise<{ readonly metadata: FileMetaData; readonly columns: readonly string[] }> {
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  if (metadata.schema.length > parquetLimits.schemaElements)
    throw new ParquetFault(`has a schema of over ${parquetLimits.schemaElements} elements`);
  const rows = metadata.row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
  if (rows !== metadata.num_rows)
    throw new ParquetFault(`says that it has ${metadata.num_rows} rows, its row groups have ${rows}`);
  return { metadata, columns: topLevelColumns(metadata) };
}

async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(start, end = size) {
      if (!(start >= 0 && start <= end && end <= size)) throw new ParquetFault('points outside of the file');
      const bytes = new Uint8Array(end - start);
      for (let filled = 0; filled < bytes.length;) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) throw new ParquetFault('ends before its end');
        filled += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

async function checkFooter(file: AsyncBuffer): Promise<void> {
  const tailBytes = footerLengthBytes + magicBytes;
  if (file.byteLength < magicBytes + tailBytes) throw new ParquetFault('is no Parquet file');
  const tail = Buffer.from(await file.slice(file.byteLength - tailBytes));
  if (tail.toString('latin1', footerLengthBytes) !== 'PAR1') throw new ParquetFault('is no Parquet file');
  if (tail.readUInt32LE(0) > parquetLimits.footerBytes)
    throw new ParquetFault(`has a footer of over ${parquetLimits.footerBytes} bytes`);
}

/** The schema is a tree in depth-first order, under a root. */
function topLevelColumns({ schema }: FileMetaData): string[] {
  const columns: string[] = [];
  let place = 1;
  const passOver = (): void => {
    const element = schema[place];
    place += 1;
    for (let child = 0; child < (element?.num_children ?? 0) && place < schema.length; child += 1) passOver();
  };
  while (place < schema.length) {
    columns.push(schema[place]?.name ?? '');
    passOver();
  }
  return columns;
}

async function* batchesOf(
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: readonly string[],
): AsyncGenerator<readonly (readonly CellValue[])[]> {
  const isNested = metadata.schema.length > columns.length + 1;
  let groupStart = 0;
  for (const [place, group] of metadata.row_groups.entries()) {
    const name = `row group ${place + 1}`;
    const rows = Number(group.num_rows);
    await told(`has a ${name} that cannot be read`, () =>
      checkRowGroup(file, group, { name, rows, isNested }),
    );
    // A nested column can only be decoded whole, whatever rows of it are wanted.
    const slice = isNested ? Math.max(1, rows) : parquetLimits.sliceRows;
    for (let start = 0; start < rows; start += slice) {
      const range = { rowStart: groupStart + start, rowEnd: groupStart + Math.min(rows, start + slice) };
      yield* batchesOfRows(await decodeRows(file, metadata, { ...range, columns, group: name }));
    }
    groupStart += rows;
  }
}

interface RowRange {
  /** From the first row of the file, the end not included. */
  readonly rowStart: number;
  readonly rowEnd: number;
  readonly columns: readonly string[];
  /** For the messages. */
  readonly group: string;
}

/** Rows as lists of what the file's types give, in the order of the columns: a name of a column is never a key. */
async function decodeRows(
  file: AsyncBuffer,
  metadata: FileMetaData,
  { group, columns, ...range }: RowRange,
): Promise<readonly (readonly unknown[])[]> {
  const decode = (some: readonly string[]): Promise<readonly (readonly unknown[])[]> =>
    new Promise((onComplete, reject) => {
      parquetRead({
        file,
        metadata,
        ...range,
        columns: [...some],
        rowFormat: 'array',
        onComplete,
        compressors,
        utf8: false,
        parsers: { stringFromBytes: (bytes: Uint8Array | undefined) => bytes && cellOfText(bytes) },
      }).catch(reject);
    });
  return told(`has a ${group} that cannot be decoded`, async () => {
    try {
      return await decode(columns);
    } catch (error) {
      // The parser does not say which column it is.
      for (const column of columns)
        await told(`has a column ${quoted(column)} in ${group} that cannot be decoded`, () =>
          decode([column]),
        );
      throw error;
    }
  });
}

/** Rows in batches that are bounded by what they take once they are copied, however little they take in the file. */
function* batchesOfRows(
  found: readonly (readonly unknown[])[],
): Generator<readonly (readonly CellValue[])[]> {
  let batch: (readonly CellValue[])[] = [];
  let sizeBytes = 0;
  for (const row of found) {
    const cells = row.map(cellOf);
    const rowBytes = cells.reduce<number>((sum, cell) => sum + cellBytes(cell), 0);
    const isFull =
      batch.length === parquetLimits.batchRows || sizeBytes + rowBytes > parquetLimits.batchBytes;
    const isTooLong = rowBytes > datasetLimits.longestLineBytes;
    // What is wrong with a row is told at its line: all rows before it are handed on first.
    if (batch.length > 0 && (isFull || isTooLong)) {
      yield batch;
      batch = [];
      sizeBytes = 0;
    }
    if (isTooLong) throw new ParquetFault(`is longer than ${datasetLimits.longestLineBytes} bytes`);
    batch.push(cells);
    sizeBytes += rowBytes;
  }
  if (batch.length > 0) yield batch;
}

/** Whether a row group, and each page of it, holds no more than it may and than the pages of the file can. */
async function checkRowGroup(
  file: AsyncBuffer,
  { columns }: RowGroup,
  { name, rows, isNested }: { readonly name: string; readonly rows: number; readonly isNested: boolean },
): Promise<void> {
  const { rowGroupBytes, rowGroupRows } = parquetLimits;
  const tooLarge = (what: string): never => {
    throw new ParquetFault(`has a row group of over ${what}: write it with smaller row groups`);
  };
  if (!(rows >= 0 && rows <= rowGroupRows)) tooLarge(`${rowGroupRows} rows`);
  let sizeBytes = 0;
  for (const { meta_data: chunk, file_path: elsewhere } of columns) {
    if (chunk === undefined || elsewhere !== undefined)
      throw new ParquetFault('keeps columns in other files');
    const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
    const compressedBytes = Number(chunk.total_compressed_size);
    sizeBytes += Math.max(compressedBytes, Number(chunk.total_uncompressed_size));
    if (!(compressedBytes >= 0 && sizeBytes <= rowGroupBytes)) tooLarge(`${rowGroupBytes} bytes`);
    const values = Number(chunk.num_values);
    if (!isNested && values !== rows)
      throw new ParquetFault(`has a column of ${values} values in a row group of ${rows} rows`);
    const bytes = await file.slice(start, start + compressedBytes);
    const column = quoted(chunk.path_in_schema.join('.'));
    await told(`has a column ${column} in ${name} whose pages cannot be read`, () =>
      checkPages(bytes, values, tooLarge),
    );
  }
}

/** @param values that the chunk says its pages have, repeated and missing ones included. */
function checkPages(chunk: ArrayBuffer, values: number, tooLarge: (what: string) => never): void {
  const reader = { view: new DataView(chunk), offset: 0 };
  let remaining = values;
  let sizeBytes = 0;
  while (reader.offset < chunk.byteLength - 1 && remaining > 0) {
    const header = parquetHeader(reader);
    const { compressed_page_size: stored, uncompressed_page_size: decoded } = header;
    const page = header.data_page_header ?? header.data_page_header_v2;
    const entries = page?.num_values ?? header.dictionary_page_header?.num_values ?? 0;
    if (!(stored >= 0 && decoded >= 0 && entries >= 0))
      throw new ParquetFault('has a page of a negative size');
    sizeBytes += decoded;
    if (sizeBytes > parquetLimits.rowGroupBytes) tooLarge(`${parquetLimits.rowGroupBytes} bytes`);
    if (entries > values) throw new ParquetFault('has a page of more values than its column');
    if (page) remaining -= entries;
    reader.offset += stored;
  }
  if (remaining !== 0) throw new ParquetFault('has a column whose pages hold another number of values');
}
