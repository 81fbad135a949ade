// Parquet files: what other programs wrote is read, whatever the codec, and a file that is broken or hostile is refused.
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { parquetMetadata } from 'hyparquet';
import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../src/thrown.ts';
import { inspectSplit } from '../../src/dataset/inspect-split.ts';
import { datasetLimits, parquetLimits } from '../../src/dataset/limits.ts';
import { openParquet } from '../../src/dataset/parquet-file.ts';
import { readRows, type Row } from '../../src/dataset/rows.ts';
import { removeAbandonedScratch } from '../../src/storage/scratch-directory.ts';

const root = resolve(import.meta.dirname, '../..');
const reference = join(root, 'test/reference/parquet');

// Files that wait on disk go here, so that none left behind goes unnoticed.
const temporary = mkdtempSync(join(tmpdir(), 'parquet-test-'));
const before = process.env['TMPDIR'];

beforeAll(() => {
  // Threads load compiled JavaScript.
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root });
  process.env['TMPDIR'] = temporary;
});

afterAll(() => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  expect(readdirSync(temporary)).toEqual([]);
  rmSync(temporary, { recursive: true });
});

const stream = (bytes: Uint8Array): Readable => Readable.from([Buffer.from(bytes)], { objectMode: false });

async function read(bytes: Uint8Array): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of readRows('train', 'parquet', stream(bytes))) rows.push(row);
  return rows;
}

const values = async (bytes: Uint8Array) => (await read(bytes)).map((row) => row.values);

function written(columnData: ColumnSource[], options: { readonly rowGroupSize?: number } = {}): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({ columnData, ...options }));
}

const column = (name: string, data: unknown[], type: ColumnSource['type'] = 'STRING') =>
  ({ name, data, type, nullable: true }) as ColumnSource;

describe('a Parquet file', () => {
  const expected = JSON.parse(readFileSync(join(reference, 'rows.json'), 'utf8')) as unknown;

  it.each(readdirSync(reference).filter((name) => /-\d\.parquet$/.test(name)))(
    'that another program wrote is read as it was meant: %s',
    async (name) => {
      const rows = await read(readFileSync(join(reference, name)));
      expect(rows.map((row) => row.values)).toEqual(expected);
      expect(rows.map(({ line }) => line)).toEqual(rows.map((_, place) => place + 1));
    },
  );

  it('has times as ISO 8601, bytes as text or base64, and null for what is no number', async () => {
    expect(await values(readFileSync(join(reference, 'kinds.parquet')))).toEqual([
      {
        when: '2026-01-02T03:04:05.000Z',
        bytes: 'plain',
        single: 0.5,
        inner: { a: 1, b: ['x'] },
        ids: [1, String(2n ** 60n)],
      },
      { when: null, bytes: '/wA=', single: null, inner: null, ids: [] },
    ]);
  });

  it('of several row groups, each read in several slices, gives every row once and in order', async () => {
    const count = 2 * parquetLimits.sliceRows + 1000;
    const data = Array.from({ length: count }, (_, row) => `text ${row}`);
    const rows = await read(written([column('text', data)], { rowGroupSize: parquetLimits.sliceRows + 500 }));
    expect(rows.length).toBe(count);
    expect(rows.every(({ line, values: { text } }) => text === `text ${line - 1}`)).toBe(true);
  });

  it('with a dictionary of many pages is sliced within its pages', async () => {
    const count = parquetLimits.sliceRows + 5000;
    const data = Array.from({ length: count }, (_, row) => `name ${(row * 7) % 50}`);
    const rows = await values(
      new Uint8Array(parquetWriteBuffer({ columnData: [column('name', data)], pageSize: 4096 })),
    );
    expect(rows.map(({ name }) => name)).toEqual(data);
  });

  it('is inspected as the other formats are', async () => {
    const bytes = readFileSync(join(reference, 'zstd-2.parquet'));
    const found = await inspectSplit('train', 'parquet', stream(bytes));
    expect(found.rows).toBe(300);
    expect(found.columns).toEqual(['text', 'label', 'score', 'large', 'flag', 'words', 'name']);
    expect(found.sample[3]).toMatchObject({ label: 0, score: 0.375, words: '["w0","w1","w2"]' });
  });

  it('may have columns of any name', async () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty', 'text'];
    const bytes = written(names.map((name) => column(name, [`of ${name}`])));
    const [row] = await values(bytes);
    expect(Object.entries(row ?? {})).toEqual(names.map((name) => [name, `of ${name}`]));
    const { columns, sample } = await inspectSplit('train', 'parquet', stream(bytes));
    expect(columns).toEqual(names);
    expect(Object.keys(sample[0] ?? {})).toEqual(names);
  });

  it('waits in a directory that is removed at a start where its process is killed', async () => {
    const rows = readRows('train', 'parquet', stream(readFileSync(join(reference, 'gzip-1.parquet'))));
    await rows.next();
    const [name = ''] = readdirSync(temporary);
    expect(name).toMatch(/^bert-eval-.*-[0-9a-f]{8}-\w{6}$/);
    expect(await removeAbandonedScratch()).toBe(0);
    // As of a process with this one's number that had started at another time.
    renameSync(join(temporary, name), join(temporary, name.replace(/-[0-9a-f]{8}-(?=\w{6}$)/, '-00000000-')));
    expect(await removeAbandonedScratch()).toBe(1);
    await rows.return(undefined);
  });

  it('need not be read to its end', async () => {
    const rows = readRows('train', 'parquet', stream(readFileSync(join(reference, 'gzip-1.parquet'))));
    expect((await rows.next()).done).toBe(false);
    await rows.return(undefined);
  });
});

describe('a Parquet file that cannot be used', () => {
  const good = written([column('text', ['a', 'b']), column('label', ['x', 'y'])]);
  const footerStart = good.length - 8 - Buffer.from(good).readUInt32LE(good.length - 8);

  it.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(), 'no Parquet file'],
    ['something else', Buffer.from('text,label\na,1\n'.repeat(10)), 'no Parquet file'],
    ['cut at its end', good.subarray(0, -1), 'no Parquet file'],
    ['without its beginning', good.subarray(footerStart), 'negative size'],
    ['of no row', written([column('text', [])]), 'no row'],
    ['with a column named twice', written([column('a', ['x']), column('a', ['y'])]), '"a" twice'],
    ['with too long a name', written([column('a'.repeat(201), ['x'])]), '200 characters'],
    ['with a NUL', written([column('a', ['x', 'x\0'])]), 'NUL'],
  ])('is refused: %s', async (_, bytes, named) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'dataset_invalid' });
    await expect(read(bytes)).rejects.toThrow(named);
  });

  it('is refused where a text is not UTF-8', async () => {
    const bytes = Buffer.from(written([column('a', ['XXXX', 'b'])], {}));
    for (let place = bytes.indexOf('XXXX'); place !== -1; place = bytes.indexOf('XXXX', place + 1))
      bytes[place] = 0xff;
    await expect(read(bytes)).rejects.toThrow('not UTF-8');
  });

  it('is refused where its footer claims to be longer than footers are', async () => {
    const bytes = Buffer.from(good);
    bytes.writeUInt32LE(parquetLimits.footerBytes + 1, bytes.length - 8);
    await expect(read(bytes)).rejects.toThrow('footer');
  });

  it('is refused wherever it says another number of rows or values than it has', async () => {
    const data = Array.from({ length: 100 }, (_, index) => `row ${index}`);
    const bytes = Buffer.from(written([column('a', data)]));
    // 100 and 99 as Thrift writes whole numbers: zigzag, seven bits a byte.
    const [hundred, less] = [Buffer.of(0xc8, 0x01), Buffer.of(0xc6, 0x01)];
    let refused = 0;
    for (let place = bytes.indexOf(hundred); place !== -1; place = bytes.indexOf(hundred, place + 1)) {
      const lying = Buffer.from(bytes);
      less.copy(lying, place);
      const outcome = await read(lying).catch((error: unknown) => error);
      // A number that says something else, a size for instance, changes nothing.
      if (Array.isArray(outcome)) expect(outcome).toHaveLength(100);
      else {
        expect(outcome).toMatchObject({ code: 'dataset_invalid' });
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThanOrEqual(4);
  });

  it('is refused at the first row that is longer than a line may be', async () => {
    const long = 'x'.repeat(datasetLimits.longestLineBytes + 1);
    const bytes = written([column('a', ['one', 'two', long, 'four'])]);
    const lines: number[] = [];
    const reading = (async () => {
      for await (const { line } of readRows('train', 'parquet', stream(bytes))) lines.push(line);
    })();
    await expect(reading).rejects.toThrow('line 3: is longer than');
    expect(lines).toEqual([1, 2]);
  });

  it('hands on few rows at a time where many share one long value', async () => {
    const long = 'x'.repeat(1_000_000);
    const path = join(temporary, 'shared.parquet');
    writeFileSync(
      path,
      written([
        column(
          'a',
          Array.from({ length: 100 }, () => long),
        ),
      ]),
    );
    const { batches } = await openParquet(path);
    const sizes: number[] = [];
    for await (const batch of batches) sizes.push(batch.length);
    rmSync(path);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(100);
    expect(Math.max(...sizes) * long.length).toBeLessThanOrEqual(parquetLimits.batchBytes);
  });

  it('is refused in the words of this project, naming row group and column where they are known', async () => {
    const data = Array.from({ length: 20 }, (_, index) => `value ${index}`);
    const bytes = Buffer.from(written([column('first', data), column('second', data)], { rowGroupSize: 10 }));
    const { row_groups: groups } = parquetMetadata(new Uint8Array(bytes).buffer);
    const chunkOf = (group: number, place: number) => {
      const chunk = groups[group]?.columns[place]?.meta_data;
      return { start: Number(chunk?.data_page_offset), size: Number(chunk?.total_compressed_size) };
    };
    const broken = async (start: number, end: number): Promise<string> => {
      const changed = Buffer.from(bytes).fill(0xff, start, end);
      return read(changed).then(() => 'read', messageOf);
    };
    const { start, size } = chunkOf(1, 1);
    expect(await broken(start, start + size)).toBe(
      'Split train: line 11: has a column "second" in row group 2 whose pages cannot be read.',
    );
    expect(await broken(start + size - 20, start + size)).toBe(
      'Split train: line 11: has a column "second" in row group 2 that cannot be decoded.',
    );
    const footerBytes = bytes.readUInt32LE(bytes.length - 8);
    expect(await broken(bytes.length - 8 - footerBytes, bytes.length - 8)).toBe(
      'Split train: line 1: has a footer that cannot be read.',
    );
  });

  it('is refused, whatever byte of it is changed, or read; it never ends the process or hangs', async () => {
    let refused = 0;
    for (let place = 4; place < good.length - 8; place += 11) {
      const bytes = Buffer.from(good);
      bytes[place] = (bytes[place] ?? 0) ^ 0x7f;
      const outcome: unknown = await read(bytes).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (outcome === undefined) continue;
      expect(outcome).toMatchObject({ code: 'dataset_invalid' });
      expect(messageOf(outcome)).not.toMatch(/parquet [a-z]|undefined|invalid|BigInt|buffer/);
      refused += 1;
    }
    expect(refused).toBeGreaterThan(10);
  });
});

describe('codecs', () => {
  it('that this project’s own writer of tests uses are read too', async () => {
    for (const [codec, compress] of [
      ['GZIP', gzipSync],
      ['BROTLI', brotliCompressSync],
    ] as const) {
      const bytes = parquetWriteBuffer({
        columnData: [column('a', ['x'.repeat(1000), 'y'])],
        codec,
        compressors: { [codec]: (input: Uint8Array) => new Uint8Array(compress(input)) },
      });
      expect(await values(new Uint8Array(bytes))).toEqual([{ a: 'x'.repeat(1000) }, { a: 'y' }]);
    }
  });
});
