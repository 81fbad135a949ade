// What is taken from the cells of a row, whatever their column is called, and which cells are refused.
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  usableRows,
  type ColumnMapping,
  type SplitSource,
  type UsableRow,
} from '../../src/dataset/column-mapping.ts';
import { inspectSplit } from '../../src/dataset/inspect-split.ts';
import type { SplitFormat } from '../../src/dataset/rows.ts';
import type { AskedTask } from '../../src/experiment/spec.ts';

function split(content: string, format: SplitFormat): SplitSource {
  return { name: 'train', format, open: () => Promise.resolve(Readable.from([Buffer.from(content)])) };
}

async function read(source: SplitSource, mapping: Partial<ColumnMapping>): Promise<UsableRow[]> {
  const rows: UsableRow[] = [];
  const usual = { textField: 'text', labelField: 'label', task: 'auto' } as const;
  for await (const row of usableRows(source, { ...usual, ...mapping })) rows.push(row);
  return rows;
}

describe('a number that is not kept as it was written', () => {
  const lines = (line: string, format: SplitFormat = 'jsonl', task: AskedTask = 'auto') =>
    read(split(`${format === 'csv' ? 'text,label\n' : ''}${line}\n`, format), { task });

  it.each<[string, AskedTask]>([
    ['{"text":"a","label":1e999}', 'auto'],
    ['{"text":"a","label":-1e999}', 'regression'],
    ['{"text":"a","label":9007199254740993}', 'auto'],
    ['{"text":"a","label":-9007199254740993}', 'classification'],
    ['{"text":1e999,"label":1}', 'classification'],
    ['{"text":12345678901234567890,"label":1}', 'regression'],
    ['{"text":"a","label":["b",1e999]}', 'multiLabel'],
    ['{"text":"a b","label":[1,9007199254740993]}', 'tokenClassification'],
    ['{"text":"a","label":"[1e999]"}', 'multiLabel'],
  ])('is refused with its line where it is text or label: %s, %s', async (line, task) => {
    await expect(lines(line, 'jsonl', task)).rejects.toMatchObject({
      code: 'dataset_invalid',
      problems: [{ path: '/train/line/1', message: expect.stringMatching(/number|list/) as string }],
    });
  });

  it('says what can be done', async () => {
    await expect(lines('{"text":"a","label":9007199254740993}')).rejects.toThrow(
      'line 1: has a whole number beyond 2^53 (write it in quotes) in "label"',
    );
    await expect(lines('{"text":"a","label":1e999}')).rejects.toThrow('too large in "label"');
  });

  it('is taken in quotes, as a measure, in CSV, and in other columns', async () => {
    const labelOf = async (...given: Parameters<typeof lines>) => (await lines(...given))[0]?.labels;
    expect(await labelOf('{"text":"a","label":9007199254740991}')).toEqual(['9007199254740991']);
    expect(await labelOf('{"text":"a","label":"9007199254740993"}')).toEqual(['9007199254740993']);
    expect(await labelOf('{"text":"a","label":1e20}', 'jsonl', 'regression')).toEqual([
      '100000000000000000000',
    ]);
    expect(await labelOf('a,9007199254740993', 'csv')).toEqual(['9007199254740993']);
    expect(await labelOf('{"text":"a","label":1,"id":12345678901234567890,"x":1e999}')).toEqual(['1']);
  });
});

describe('the name of a column', () => {
  it.each(['__proto__', 'constructor'])('may be %s, of text and of labels', async (name) => {
    for (const [format, content] of [
      ['jsonl', `{"${name}":"one","b":"x"}\n`],
      ['csv', `${name},b\none,x\n`],
      ['tsv', `${name}\tb\none\tx\n`],
    ] as const) {
      const source = split(content, format);
      const rows = (mapping: Partial<ColumnMapping>) => read(source, mapping);
      expect(await rows({ textField: name, labelField: 'b' })).toMatchObject([
        { text: 'one', labels: ['x'] },
      ]);
      expect(await rows({ textField: 'b', labelField: name })).toMatchObject([
        { text: 'x', labels: ['one'] },
      ]);
      const { columns, sample } = await inspectSplit('train', format, await source.open());
      expect(columns).toEqual([name, 'b']);
      expect(Object.entries(sample[0] ?? {})).toEqual([
        [name, 'one'],
        ['b', 'x'],
      ]);
    }
    const other = split('{"a":"one"}\n', 'jsonl');
    await expect(read(other, { textField: 'a', labelField: name })).rejects.toMatchObject({
      code: 'dataset_column_missing',
    });
  });
});
