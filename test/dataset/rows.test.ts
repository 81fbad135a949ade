// Readers of split files: what was written is read, in whatever pieces it comes, and every wrong line is named.
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../src/error.ts';
import { inspectSplit } from '../../src/dataset/inspect-split.ts';
import { readRows, type Row, type SplitFormat } from '../../src/dataset/rows.ts';
import { checkSplitName, formatOf } from '../../src/dataset/split-file.ts';

/** The content in pieces of `size` bytes. */
function stream(content: string | Buffer, size = 64 * 1024): Readable {
  const bytes = Buffer.from(content);
  return Readable.from(
    (function* () {
      for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
    })(),
    { objectMode: false },
  );
}

async function read(format: SplitFormat, content: string | Buffer, size?: number): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of readRows('train', format, stream(content, size))) rows.push(row);
  return rows;
}

async function refusal(format: SplitFormat, content: string | Buffer): Promise<CodedError> {
  const error: unknown = await read(format, content).then(
    () => new Error('It was read.'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CodedError)) throw error;
  expect(error.code).toBe('dataset_invalid');
  return error;
}

async function refusedLines(format: SplitFormat, content: string | Buffer): Promise<string[]> {
  return (await refusal(format, content)).problems.map(({ path }) => path.replace('/train/line/', ''));
}

describe('CSV', () => {
  it('takes quoted commas, quotes and line ends, CRLF and LF, and counts lines as an editor does', async () => {
    const content = 'text,label\r\n"a, ""b""\nsecond",1\n\nplain text , 2\r\n"",""\r\nlast,"x"';
    expect(await read('csv', content)).toEqual([
      { line: 2, values: { text: 'a, "b"\nsecond', label: '1' } },
      { line: 5, values: { text: 'plain text ', label: ' 2' } },
      { line: 6, values: { text: '', label: '' } },
      { line: 7, values: { text: 'last', label: 'x' } },
    ]);
  });

  it('gives back any cells, written in any way RFC 4180 allows and cut anywhere', async () => {
    const character = fc.constantFrom('a', ',', '"', '\n', '\r\n', '\t', 'é', '😀', ' ');
    const cell = fc.array(character, { maxLength: 6 }).map((characters) => characters.join(''));
    const table = fc.integer({ min: 1, max: 4 }).chain((columns) =>
      fc.record({
        columns: fc.constant(columns),
        cells: fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), {
          minLength: 1,
          maxLength: 6,
        }),
        quotesAll: fc.boolean(),
        lineEnd: fc.constantFrom('\n', '\r\n'),
        endsWithLineEnd: fc.boolean(),
        pieceBytes: fc.integer({ min: 1, max: 40 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(table, async ({ columns, cells, quotesAll, lineEnd, endsWithLineEnd, pieceBytes }) => {
        const header = Array.from({ length: columns }, (_, place) => `c${place}`);
        const quoted = (text: string): string =>
          quotesAll || text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
        const lines = [header, ...cells].map((row) => row.map(quoted).join(','));
        const content = lines.join(lineEnd) + (endsWithLineEnd ? lineEnd : '');
        const rows = await read('csv', content, pieceBytes);
        expect(rows.map(({ values }) => header.map((name) => values[name]))).toEqual(cells);
        const starts = lines.map((_, index) => lines.slice(0, index).join('\n').split('\n').length + 1);
        expect(rows.map(({ line }) => line)).toEqual(starts.slice(1));
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, string, string[]]>([
    ['ragged rows', 'a,b\n1,2\n3\n4,5,6\n7,8\n', ['3', '4']],
    ['a ragged row after a quoted line end', 'a,b\n"1\n1",2\n3\n', ['4']],
    ['an unclosed quote, where it opens', 'a,b\n1,2\n3,"4\n5,6\n', ['3']],
    ['a quote inside a plain cell', 'a,b\n1,2"\n', ['2']],
    ['text after a closing quote', 'a,b\n1,"2"x\n', ['2']],
    ['a fault after ragged rows', 'a,b\n1\n2,3\n4\n5,6"\n7\n', ['2', '4', '5']],
    ['an unclosed quote after quoted CRLFs and empty lines', 'a,b\r\n"1\r\n\r\n1",2\r\n\r\n3,"4\r\n', ['6']],
    ['a ragged row after quoted CRLFs and empty lines', 'a,b\r\n"1\r\n\r\n1",2\r\n\r\n3\r\n', ['6']],
    ['a faulty record of several lines, where it begins', 'a,b\n1,2\n"3\n3","4\n4"x\n', ['3']],
    ['a quoted empty cell where more are due', 'a,b\n\n""\n', ['3']],
    ['a lone carriage return after a quote', 'a,b\n1,"2"\r3\n', ['2']],
    ['lines that end with lone carriage returns', 'a,b\r1,2\r3,4\r', ['1']],
    ['a header alone that ends so', '"a",b\r1,"2"\n1,2,3\n', ['1']],
    ['a column named twice', 'a,b,a\n1,2,3\n', ['1']],
    ['a column without a name', 'a,\n1,2\n', ['1']],
    ['a header alone', 'a,b\n', ['1']],
    ['nothing', '', ['1']],
    ['empty lines only', '\n\r\n\n', ['1']],
    ['a NUL', 'a,b\n1,2\n3,\0\n', ['3']],
    ['a NUL within a quoted cell of several lines', 'a,b\n1,"2\n\0\n"\n3,4\n5\n', ['3', '6']],
    ['a NUL after a ragged row', 'a,b\n1\n2,3\n\0,4\n', ['2', '4']],
  ])('with %s is refused with the line', async (_what, content, lines) => {
    expect(await refusedLines('csv', content)).toEqual(lines);
  });

  it('with many wrong lines is refused with the first twenty', async () => {
    const content = `a,b\n${'1,2\n'.repeat(10)}${'x\n'.repeat(100)}`;
    const error = await refusal('csv', content);
    expect(error.problems).toHaveLength(20);
    expect(error.problems[0]).toEqual({
      path: '/train/line/12',
      message: 'has 1 cells where the header has 2',
    });
    expect(error.problems.at(-1)?.path).toBe('/train/line/31');
  });

  it('with a record over 1 MiB or over 1,000 columns is refused', async () => {
    const cell = 'x\n'.repeat(600_000);
    expect(await refusedLines('csv', `a,b\n1,"${cell}"\n`)).toEqual(['2']);
    expect(await refusedLines('csv', `a,b\n1,${'x'.repeat(1_100_000)}\n`)).toEqual(['2']);
    expect(await refusedLines('csv', `${'a,'.repeat(1000)}b\n`)).toEqual(['1']);
    const half = `"${'x\n'.repeat(300_000)}"`;
    expect(await refusedLines('csv', `a,b\n1,${half}\n2,\n${half},${half}\n`)).toEqual(['300004']);
  });
});

describe('CSV of one column', () => {
  it('passes over empty lines but keeps quoted empty cells', async () => {
    expect((await read('csv', 'a\n\n""\n\nx\n')).map(({ line, values }) => [line, values['a']])).toEqual([
      [3, ''],
      [5, 'x'],
    ]);
  });
});

describe('every format of lines', () => {
  type LineFormat = Exclude<SplitFormat, 'parquet'>;
  const rowOf: Record<LineFormat, (text: string) => string> = {
    csv: (text) => `${text},1\n`,
    tsv: (text) => `${text}\t1\n`,
    jsonl: (text) => `{"text":"${text}","label":1}\n`,
  };
  const header: Record<LineFormat, string> = { csv: 'text,label\n', tsv: 'text\tlabel\n', jsonl: '' };
  const formats: LineFormat[] = ['csv', 'tsv', 'jsonl'];

  it.each(formats)('drops a byte order mark at the start only: %s', async (format) => {
    const content = `\uFEFF${header[format]}${rowOf[format]('a\uFEFF')}`;
    expect((await read(format, content, 2))[0]?.values['text']).toBe('a\uFEFF');
  });

  it.each(formats)('refuses two byte order marks, and says so: %s', async (format) => {
    const { problems } = await refusal(format, `\uFEFF\uFEFF${header[format]}${rowOf[format]('a')}`);
    expect(problems).toMatchObject([
      { path: '/train/line/1', message: expect.stringContaining('two byte order marks') as string },
    ]);
  });

  it('says what is wrong where lines end with a lone carriage return', async () => {
    for (const format of ['csv', 'tsv'] as const) {
      const content = (header[format] + rowOf[format]('a')).replaceAll('\n', '\r');
      expect((await refusal(format, content)).message).toContain('carriage return without a line feed');
    }
  });

  it('keeps a byte order mark that begins a later line', async () => {
    const rows = await read('csv', 'text,label\n\uFEFFa,1\n', 'text,label\n'.length);
    expect(rows[0]?.values['text']).toBe('\uFEFFa');
  });

  it.each(formats)(
    'names lines that are not UTF-8, or hold a NUL, wherever they stand: %s',
    async (format) => {
      const good = Buffer.from(rowOf[format]('good ü'));
      const bad = Buffer.from(rowOf[format]('XX')).map((byte) => (byte === 0x58 ? 0xff : byte));
      const nul = Buffer.from(rowOf[format]('a\0b'));
      const cut = Buffer.from(rowOf[format]('X')).map((byte) => (byte === 0x58 ? 0xc3 : byte));
      const content = Buffer.concat([Buffer.from(header[format]), good, bad, good, nul, cut]);
      const first = format === 'jsonl' ? 1 : 2;
      expect(await refusedLines(format, content)).toEqual([first + 1, first + 3, first + 4].map(String));
    },
  );

  it.each(formats)('refuses a file in UTF-16: %s', async (format) => {
    await refusal(format, Buffer.from(`\uFEFF${header[format]}${rowOf[format]('text')}`, 'utf16le'));
  });

  it.each(formats)('refuses a line over 1 MiB without holding the file: %s', async (format) => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    let handedOut = 0;
    const endless = Readable.from(
      (function* () {
        yield Buffer.from(header[format]);
        for (; handedOut < 1e9; handedOut += piece.length) yield piece;
      })(),
      { objectMode: false },
    );
    const rows = readRows('train', format, endless);
    await expect(rows.next()).rejects.toMatchObject({ code: 'dataset_invalid' });
    expect(handedOut).toBeLessThan(3 * 1024 * 1024);
    expect(endless.destroyed).toBe(true);
  });

  it.each(formats)('passes on what the stream fails with: %s', async (format) => {
    const broken = new Readable({ read: () => undefined });
    setImmediate(() => broken.destroy(new Error('cut')));
    await expect(readRows('train', format, broken).next()).rejects.toThrow('cut');
  });
});

describe('TSV', () => {
  it('takes quotes as they are and gives back any cells', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', "'", 'é', '\\', ' ') });
    const rows = fc.array(fc.tuple(cell, cell), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 30 }), async (cells, size) => {
        const content = ['text\tlabel', ...cells.map((pair) => pair.join('\t'))].join('\r\n');
        const back = await read('tsv', content, size);
        expect(back.map(({ line, values }) => [line, values['text'], values['label']])).toEqual(
          cells.map((pair, index) => [index + 2, ...pair]),
        );
      }),
    );
  });

  it('with ragged rows is refused with the lines', async () => {
    expect(await refusedLines('tsv', 'a\tb\n1\n2\t3\n4\t5\t6\n')).toEqual(['2', '4']);
  });
});

describe('JSON lines', () => {
  it('keep the types of their values, any keys included', async () => {
    const values = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'text')),
      fc.oneof(
        fc.string(),
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
        fc.array(fc.integer()),
      ),
    );
    const plain = fc
      .array(values, { minLength: 1 })
      .filter((rows) => !JSON.stringify(rows).includes('\\u0000'));
    await fc.assert(
      fc.asyncProperty(plain, fc.integer({ min: 1, max: 50 }), async (rows, size) => {
        const content = rows.map((row) => JSON.stringify(row)).join('\n');
        const back = await read('jsonl', content, size);
        expect(back.map((row) => JSON.stringify(row.values))).toEqual(rows.map((row) => JSON.stringify(row)));
        expect(back.map(({ line }) => line)).toEqual(rows.map((_, index) => index + 1));
      }),
    );
  });

  it('that are no objects, or name a column twice, are refused with the line', async () => {
    expect(await refusedLines('jsonl', '{"a":1}\n[1]\n\n"x"\n{"a":\nnull\n')).toEqual(['2', '4', '5', '6']);
    expect(await refusedLines('jsonl', '{"a":1}\n{"a":1,"a":2}\n')).toEqual(['2']);
  });

  it('with an escaped NUL or half a surrogate pair are refused, and with the text of such an escape are not', async () => {
    expect(await refusedLines('jsonl', '{"a":"\\u0041"}\n{"a":"\\u0000"}\n{"a":["\\ud83d"]}\n')).toEqual([
      '2',
      '3',
    ]);
    expect(await read('jsonl', '{"a":"\\\\u0000 \\ud83d\\ude00"}')).toEqual([
      { line: 1, values: { a: '\\u0000 😀' } },
    ]);
  });
});

describe('an inspected split', () => {
  it('counts rows, unites the columns, and shows five rows with long values cut', async () => {
    const rows = Array.from({ length: 7 }, (_, row) =>
      JSON.stringify({ text: 'x'.repeat(300), row, [`only${row}`]: [1] }),
    );
    const inspected = await inspectSplit('train', 'jsonl', stream(rows.join('\n')));
    expect(inspected.rows).toBe(7);
    expect(inspected.columns).toEqual(['text', 'row', ...rows.map((_, row) => `only${row}`)]);
    expect(inspected.sample).toHaveLength(5);
    expect(inspected.sample[1]).toEqual({ text: `${'x'.repeat(200)}…`, row: 1, only1: '[1]' });
  });

  it('with a column name over 200 characters is refused', async () => {
    const rows = `{"a":1}\n{"${'x'.repeat(201)}":1}`;
    await expect(inspectSplit('train', 'jsonl', stream(rows))).rejects.toMatchObject({
      problems: [{ path: '/train/line/2' }],
    });
  });

  it('of over 1,000 columns is refused', async () => {
    const rows = Array.from({ length: 1001 }, (_, row) => `{"c${row}":1}`).join('\n');
    await expect(inspectSplit('train', 'jsonl', stream(rows))).rejects.toMatchObject({
      code: 'dataset_invalid',
      problems: [{ path: '/train/line/1001' }],
    });
  });
});

describe('a split’s file', () => {
  it('has the format of its extension', () => {
    const names = ['a.csv', 'a.b.TSV', 'x.jsonl', 'x.parquet'];
    expect(names.map(formatOf)).toEqual(['csv', 'tsv', 'jsonl', 'parquet']);
    for (const name of ['a.txt', 'csv', '', 'a.csv.gz']) {
      expect(() => formatOf(name)).toThrow(expect.objectContaining({ code: 'unsupported_media_type' }));
    }
  });

  it('is named by a letter, then letters, digits, _ or -', () => {
    for (const name of ['train', 'T', 'a-b_9', 'a'.repeat(64)]) expect(checkSplitName(name)).toBe(name);
    for (const name of ['', '9a', '-a', 'a b', 'ä', 'a'.repeat(65), 'a\n', '../a']) {
      expect(() => checkSplitName(name)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    }
  });
});
