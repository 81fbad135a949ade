import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ExampleFileWriter, openExampleFile } from '../../src/text/example-file.ts';
import { exampleTableOf, type Example, type TargetKind } from '../../src/text/example-table.ts';

const directory = mkdtempSync(join(tmpdir(), 'examples-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;

function write(examples: Iterable<Example>, kind: TargetKind): string {
  files += 1;
  const path = join(directory, `${files}.examples`);
  const writer = new ExampleFileWriter(path, kind);
  for (const example of examples) writer.add(example);
  writer.finish();
  return path;
}

function example(tokenIds: number[], targets: number[], secondStart = tokenIds.length): Example {
  return { tokenIds: Int32Array.from(tokenIds), secondStart, targets: Int32Array.from(targets) };
}

function floatWords(...values: number[]): number[] {
  return [...new Int32Array(Float32Array.from(values).buffer)];
}

/** Examples whose content follows from their number, of 1 to 40 tokens. */
function* numbered(count: number): Generator<Example> {
  for (let index = 0; index < count; index += 1) yield numberedExample(index);
}

function numberedExample(index: number): Example {
  const length = 1 + ((index * 7919) % 40);
  const ids = Array.from({ length }, (_, place) => (index * 31 + place * 17) % 30_522);
  return example(ids, [index % 7], index % 2 === 0 ? length : length >> 1);
}

describe('a file of examples', () => {
  it.each<[TargetKind, Example[]]>([
    ['class', [example([101, 7, 102], [1]), example([101, 102], [0])]],
    ['value', [example([101, 7, 102], floatWords(2.5)), example([5], floatWords(-0.1))]],
    ['labels', [example([1, 2, 3, 4], floatWords(0, 1, 1), 2), example([9], floatWords(0, 0, 0))]],
    ['tokenClasses', [example([1, 2, 3], [-1, 4, -1]), example([1, 3], [-1, -1]), example([], [])]],
  ])('gives back examples of kind %s as they were added', (kind, examples) => {
    const table = openExampleFile(write(examples, kind));
    const inMemory = exampleTableOf(examples, kind);
    for (const found of [table, inMemory]) {
      expect(examples.map((_, index) => found.read(index))).toEqual(examples);
      expect(examples.map((_, index) => found.lengthOf(index))).toEqual(
        examples.map(({ tokenIds }) => tokenIds.length),
      );
    }
    const { count, tokens, longest, targetKind, vocabulary } = inMemory;
    expect(table).toMatchObject({ count, tokens, longest, targetKind, vocabulary });
    table.close();
  });

  it('reads many examples in any order, across the blocks of its index and its buffer', () => {
    const count = 70_000;
    const table = openExampleFile(write(numbered(count), 'class'));
    for (let read = 0; read < 5_000; read += 1) {
      const index = (read * 48_271) % count;
      expect(table.read(index)).toEqual(numberedExample(index));
    }
    let tokens = 0;
    for (let index = 0; index < count; index += 1) tokens += table.lengthOf(index);
    expect(tokens).toBe(table.tokens);
    expect(table.longest).toBe(40);
    table.close();
  });

  it('keeps bytes that depend on the examples alone, and no second file beside it', () => {
    const one = write(numbered(1000), 'class');
    expect(readFileSync(write(numbered(1000), 'class'))).toEqual(readFileSync(one));
    expect(readFileSync(write(numbered(1001), 'class'))).not.toEqual(readFileSync(one));
    expect(readdirSync(directory).filter((name) => !name.endsWith('.examples'))).toEqual([]);
  });

  it('names the ids that occur in ascending order, far ones included', () => {
    const table = openExampleFile(write([example([250_001, 3, 3, 40_000], [0])], 'class'));
    expect([...table.vocabulary]).toEqual([3, 40_000, 250_001]);
    table.close();
  });

  it('removes what was written when it is given up', () => {
    const path = join(directory, 'given-up');
    const writer = new ExampleFileWriter(path, 'class');
    writer.add(example([1], [0]));
    writer.abandon();
    expect(readdirSync(directory).filter((name) => name.startsWith('given-up'))).toEqual([]);
  });

  it('refuses targets that are not as many as the kind has them', () => {
    const write = (kind: TargetKind, ...examples: Example[]) => {
      const writer = new ExampleFileWriter(join(directory, 'refused'), kind);
      try {
        for (const added of examples) writer.add(added);
      } finally {
        writer.abandon();
      }
    };
    expect(() => write('class', example([1, 2], [1, 1]))).toThrow(RangeError);
    expect(() => write('tokenClasses', example([1, 2], [1]))).toThrow(RangeError);
    expect(() => write('labels', example([1], [0, 0]), example([1], [0]))).toThrow(RangeError);
  });

  it('has no example outside of its count', () => {
    const table = openExampleFile(write(numbered(3), 'class'));
    expect(() => table.read(3)).toThrow(RangeError);
    expect(() => table.lengthOf(-1)).toThrow(RangeError);
    table.close();
  });
});

describe('a damaged file of examples', () => {
  const damaged = (change: (bytes: Buffer) => Buffer): string => {
    const path = write(numbered(10), 'class');
    writeFileSync(path, change(readFileSync(path)));
    return path;
  };
  const corrupt = expect.objectContaining({ code: 'blob_corrupt' }) as unknown as Error;

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['cut', (bytes) => bytes.subarray(0, -4)],
    ['longer than it says', (bytes) => Buffer.concat([bytes, Buffer.alloc(4)])],
    ['something else', (bytes) => Buffer.from(bytes).fill('x', 0, 4)],
    ['of another version', (bytes) => Buffer.from(bytes).fill(9, 4, 5)],
    ['of an unknown kind', (bytes) => Buffer.from(bytes).fill(9, 8, 9)],
    ['counted wrongly', (bytes) => Buffer.from(bytes).fill(0xff, 16, 24)],
  ])('that is %s is refused when it is opened', (_, change) => {
    expect(() => openExampleFile(damaged(change))).toThrow(corrupt);
  });

  it('whose index points elsewhere is refused when the example is read', () => {
    const intact = openExampleFile(write(numbered(10), 'class'));
    const vocabularyBytes = intact.vocabulary.length * 4;
    intact.close();
    const path = damaged((bytes) => {
      const changed = Buffer.from(bytes);
      changed.writeInt32LE(0x7fff_ffff, bytes.length - vocabularyBytes - 16);
      return changed;
    });
    const table = openExampleFile(path);
    expect(() => table.read(9)).toThrow(corrupt);
    expect(table.read(8)).toEqual(numberedExample(8));
    table.close();
  });

  it('that shrinks while it is open is refused, not read as zeros', () => {
    const path = write(numbered(10), 'class');
    const table = openExampleFile(path);
    truncateSync(path, Math.floor(statSync(path).size / 8));
    expect(() => table.read(9)).toThrow(corrupt);
    table.close();
  });
});
