// Snapshots: the same input is the same bytes, everything that goes wrong has its code, and what is read is what was written.
import { mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  buildSnapshot,
  type SnapshotMapping,
  type SnapshotTokenizer,
} from '../../src/dataset/build-snapshot.ts';
import type { SplitSource } from '../../src/dataset/column-mapping.ts';
import { openSnapshot } from '../../src/dataset/open-snapshot.ts';
import type { SplitFormat } from '../../src/dataset/rows.ts';
import { BlobStore } from '../../src/storage/blob-store.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import { WordPieceLearner } from '../../src/text/learn-word-piece.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import { openExampleFile } from '../../src/text/example-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'snapshot-'));
const blobs = new BlobStore(new DirectoryStore(folder), '');
afterAll(() => rm(folder, { recursive: true }));

const mapping: SnapshotMapping = {
  task: 'auto',
  textField: 'text',
  labelField: 'label',
  trainSplit: 'train',
  shuffleBeforeSelect: true,
  seed: 42,
  maxSequenceLength: 8,
};

function source(name: string, content: string, format: SplitFormat = 'csv'): SplitSource {
  return { name, format, open: () => Promise.resolve(Readable.from([Buffer.from(content)])) };
}

async function learn(texts: AsyncIterable<string>): Promise<SnapshotTokenizer> {
  const learner = new WordPieceLearner();
  for await (const text of texts) learner.add(text);
  const tokenizerJson = JSON.stringify(await learner.finish({ vocabularySize: 200 }));
  return { tokenizerJson, ...createTokenizer(tokenizerJson) };
}

const surroundings = { blobs, directory: folder, prepareTokenizer: learn };

function build(splits: readonly SplitSource[], changes: Partial<SnapshotMapping> = {}) {
  return buildSnapshot({ ...surroundings, splits, mapping: { ...mapping, ...changes } });
}

/** `count` rows of two classes, every text another one. */
function csv(count: number, prefix = 'message'): string {
  const rows = Array.from(
    { length: count },
    (_, row) => `${prefix} number ${row},${row % 2 === 0 ? 'yes' : 'no'}`,
  );
  return ['text,label', ...rows].join('\n');
}

const usual = [source('train', csv(40)), source('test', csv(10, 'other'))];

async function textsOf(sha256: string, split: 'train' | 'evaluation'): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of (await openSnapshot(blobs, sha256)).rows(split)) texts.push(text);
  return texts;
}

describe('a snapshot', () => {
  it('has the same hash for the same input and another for another row, label or length', async () => {
    const { sha256 } = await build(usual);
    expect((await build(usual)).sha256).toBe(sha256);
    expect((await build([source('train', csv(41)), usual[1]!])).sha256).not.toBe(sha256);
    expect((await build(usual, { maxSequenceLength: 9 })).sha256).not.toBe(sha256);
    const relabelled = csv(10, 'other').replace(/yes$/m, 'no');
    expect((await build([usual[0]!, source('test', relabelled)])).sha256).not.toBe(sha256);
  });

  it('gives back the rows and token ids that went in', async () => {
    const { sha256, manifest } = await build(usual);
    const snapshot = await openSnapshot(blobs, sha256);
    expect(snapshot.manifest).toEqual(manifest);
    expect(manifest.labels).toEqual(['no', 'yes']);
    const tokenizer = createTokenizer(await snapshot.tokenizerJson());
    const table = openExampleFile((await snapshot.examples('evaluation', folder)).path);
    let compared = 0;
    for await (const { row, line, text, label } of snapshot.rows('evaluation')) {
      expect(line).toBe(row + 2);
      expect(text).toBe(`other number ${row}`);
      const { tokenIds, secondStart, targets } = table.read(row);
      expect(manifest.labels[targets[0]!]).toBe(label);
      expect([...tokenIds]).toEqual(tokenizer.encode(text, 8));
      expect(secondStart).toBe(tokenIds.length);
      compared += 1;
    }
    expect(compared).toBe(10);
    expect(manifest.splits.evaluation).toMatchObject({
      rows: 10,
      name: 'test',
      tokens: table.tokens,
      longest: table.longest,
      labelCounts: [5, 5],
    });
    table.close();
  });
});

describe('the choice of rows', () => {
  it('takes validation, else dev, else test, and names what is missing', async () => {
    const split = (name: string) => source(name, csv(10, name));
    const [train, validation, dev, test] = ['train', 'validation', 'dev', 'test'].map(split);
    const chosen = async (splits: SplitSource[]) => (await build(splits)).manifest.splits.evaluation.name;
    expect(await chosen([train!, test!, dev!, validation!])).toBe('validation');
    expect(await chosen([train!, test!, dev!])).toBe('dev');
    expect(await chosen([train!, test!])).toBe('test');
    expect(await chosen([train!, validation!, test!])).toBe('validation');
    const trainedOn = await build([validation!, test!], { trainSplit: 'validation' });
    expect(trainedOn.manifest.splits.evaluation.name).toBe('test');
    await expect(build([test!], { trainSplit: 'test' })).rejects.toMatchObject({
      code: 'dataset_split_missing',
    });
    await expect(build([train!])).rejects.toMatchObject({ code: 'dataset_split_missing' });
    await expect(build([train!, test!], { evaluationSplit: 'dev' })).rejects.toThrow('"dev"');
    await expect(build([test!], {})).rejects.toThrow('"train"');
  });

  it('sets a share of the rows aside, with all copies of a text on one side', async () => {
    const copies = Array.from(
      { length: 200 },
      (_, row) => `text ${row % 50},${row % 2 === 0 ? 'yes' : 'no'}`,
    );
    const train = source('train', ['text,label', ...copies].join('\n'));
    const { sha256, manifest } = await build([train], { evaluationFraction: 0.2 });
    expect(manifest.splits.train.rows + manifest.splits.evaluation.rows).toBe(200);
    expect(manifest.splits.evaluation.rows).toBe(40);
    const sides = [await textsOf(sha256, 'train'), await textsOf(sha256, 'evaluation')].map(
      (texts) => new Set(texts),
    );
    expect([...sides[0]!].filter((text) => sides[1]!.has(text))).toEqual([]);
    const limits = { evaluationFraction: 0.2, maxTrainSamples: 30, maxEvaluationSamples: 10 };
    const limited = await build([train], limits);
    expect(limited.manifest.splits.train.rows).toBe(30);
    expect(limited.manifest.splits.evaluation.rows).toBe(10);
  });

  it('takes the first rows without shuffling, and others by the seed with it', async () => {
    const all = Array.from({ length: 40 }, (_, row) => `message number ${row}`);
    const texts = async (changes: Partial<SnapshotMapping>) =>
      textsOf((await build(usual, { maxTrainSamples: 10, ...changes })).sha256, 'train');
    expect(await texts({ shuffleBeforeSelect: false })).toEqual(all.slice(0, 10));
    const shuffled = await texts({ seed: 1 });
    expect(new Set(shuffled).size).toBe(10);
    expect(shuffled).not.toEqual(all.slice(0, 10));
    expect(await texts({ seed: 1 })).toEqual(shuffled);
    expect(await texts({ seed: 2 })).not.toEqual(shuffled);
    expect(shuffled).toEqual(all.filter((text) => shuffled.includes(text)));
    expect(await texts({ maxTrainSamples: 100 })).toEqual(all);
  });

  it('leaves rows without text or label out and counts them', async () => {
    const content = `${csv(4)}\n,yes\n  ,no\nwords,\nwords, \n`;
    const { manifest } = await build([source('train', content), usual[1]!]);
    expect(manifest.splits.train).toMatchObject({ rows: 4, leftOut: 4 });
    const json = source(
      'train',
      '{"text":"a","label":0}\n{"text":"b","label":1}\n{"text":"c"}\n{"text":null,"label":1}\n',
      'jsonl',
    );
    const both = await build([json, source('test', 'text,label\na,1\n')]);
    expect(both.manifest.splits.train).toMatchObject({ rows: 2, leftOut: 2 });
  });

  it('shows the tokenizer that is learned the chosen training rows only', async () => {
    const seen: string[] = [];
    const prepareTokenizer = async (texts: AsyncIterable<string>) => {
      const copy: string[] = [];
      for await (const text of texts) copy.push(text);
      seen.push(...copy);
      return learn(Readable.from(copy));
    };
    const changes = { evaluationFraction: 0.25, maxTrainSamples: 12 };
    const request = { ...surroundings, splits: usual, mapping: { ...mapping, ...changes }, prepareTokenizer };
    const { sha256 } = await buildSnapshot(request);
    expect(seen).toEqual(await textsOf(sha256, 'train'));
    expect(seen).toHaveLength(12);
  });

  it('is reported as it reads, and ends when the report throws', async () => {
    let rows = 0;
    const splits = [source('train', csv(3000)), usual[1]!];
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 100));
    onTestFinished(() => void vi.restoreAllMocks());
    const rowsRead = (count: number): void => {
      rows += count;
      if (rows > 4000) throw new Error('stop');
    };
    await expect(buildSnapshot({ ...surroundings, splits, mapping, rowsRead })).rejects.toThrow('stop');
  });
});

describe('labels', () => {
  const withLabels = (labels: string[], name = 'train') =>
    source(name, ['text,label', ...labels.map((label, row) => `text ${row},${label}`)].join('\n'));
  const names = async (labels: string[], changes: Partial<SnapshotMapping> = {}) =>
    (await build([withLabels(labels), withLabels(labels, 'test')], changes)).manifest.labels;

  it('are sorted by value when they are whole numbers, else by name', async () => {
    expect(await names(['10', '9', '-1', '9'])).toEqual(['-1', '9', '10']);
    expect(await names(['b', '10', '9', 'B'])).toEqual(['10', '9', 'B', 'b']);
    expect(await names(['1.0', '0.0'])).toEqual(['0.0', '1.0']);
  });

  it('of JSON lines are the same from numbers, strings and booleans', async () => {
    const rows = (labels: unknown[]) =>
      source('train', labels.map((label) => JSON.stringify({ text: 'a', label })).join('\n'), 'jsonl');
    const of = async (labels: unknown[]) => {
      const split = rows(labels);
      return (await build([split, { ...split, name: 'test' }])).manifest.labels;
    };
    expect(await of([1, 0, '1'])).toEqual(['0', '1']);
    expect(await of([true, false])).toEqual(['false', 'true']);
  });

  it('with fractions are a regression unless classification is asked for', async () => {
    expect(await names(['1', '2.5'])).toEqual([]);
    expect(await names(['2.5', 'none'])).toEqual(['2.5', 'none']);
    expect(await names(['1', '2.5'], { task: 'classification' })).toEqual(['1', '2.5']);
  });

  it('of one kind only are refused, also when only the chosen rows have one', async () => {
    await expect(names(['a', 'a'])).rejects.toMatchObject({ code: 'labels_invalid' });
    await expect(
      names(['a', 'a', 'b'], { maxTrainSamples: 2, shuffleBeforeSelect: false }),
    ).rejects.toMatchObject({
      code: 'labels_invalid',
    });
  });

  it('of over 1,000 kinds are refused, and 1,000 are not', async () => {
    const many = Array.from({ length: 1001 }, (_, label) => `label ${label}`);
    await expect(names(many)).rejects.toThrow('1000');
    expect(await names(many.slice(1))).toHaveLength(1000);
  });

  it('that are too long for a name are refused', async () => {
    await expect(names(['a', 'b'.repeat(501)])).rejects.toMatchObject({ code: 'labels_invalid' });
    expect(await names(['a', 'b'.repeat(500)])).toHaveLength(2);
  });

  it('that only the evaluation split has are refused by name', async () => {
    const splits = [withLabels(['a', 'b']), withLabels(['a', 'surprise'], 'test')];
    await expect(build(splits)).rejects.toMatchObject({ code: 'labels_invalid' });
    await expect(build(splits)).rejects.toThrow('"surprise"');
  });
});

describe('a dataset that cannot be used', () => {
  it.each<[string, string, string, string]>([
    ['without the text column', 'words,label\na,1\n', 'dataset_column_missing', '"text"'],
    ['without the label column', 'text,class\na,1\n', 'dataset_column_missing', '"label"'],
    ['without a usable row', 'text,label\n,1\na,\n', 'dataset_split_empty', '2 rows'],
    ['without any row', 'text,label\n', 'dataset_invalid', 'no row'],
    ['with a ragged row', 'text,label\na\n', 'dataset_invalid', 'line 2'],
  ])('%s is refused', async (_what, content, code, named) => {
    for (const splits of [
      [source('train', content), usual[1]!],
      [usual[0]!, source('test', content)],
    ]) {
      await expect(build(splits)).rejects.toMatchObject({ code });
      await expect(build(splits)).rejects.toThrow(named);
    }
  });

  it('with nested texts is refused with the line', async () => {
    const nested = source('train', '{"text":"a","label":1}\n{"text":["b"],"label":2}\n', 'jsonl');
    await expect(build([nested, usual[1]!])).rejects.toMatchObject({
      code: 'dataset_invalid',
      problems: [{ path: '/train/line/2' }],
    });
  });

  it('with a list of labels or words under another task is refused with the tasks that take one', async () => {
    for (const rows of ['{"text":"a","label":["x","y"]}\n', '{"text":["a","b"],"label":["x","y"]}\n'])
      for (const task of ['auto', 'classification', 'regression'] as const)
        await expect(build([source('train', rows, 'jsonl'), usual[1]!], { task })).rejects.toThrow(
          /multiLabel .*tokenClassification .*set dataset\.task/u,
        );
  });

  it('whose share leaves one side without rows is refused, naming the side and why', async () => {
    const refusal = (rows: string, changes: Partial<SnapshotMapping> = {}) =>
      build([source('train', `text,label\n${rows}`)], { evaluationFraction: 0.3, ...changes }).then(
        () => undefined,
        (error: unknown) => error,
      );
    for (const rows of ['a,1\na,2\na,1\n', 'a,1\na,1\na,1\n'])
      expect(await refusal(rows)).toMatchObject({
        code: 'dataset_split_empty',
        message:
          'evaluationFraction 0.3 sets no row of split train aside to evaluate on: copies of a text stay on one side, ' +
          'and there are too few different texts to divide.',
      });
    expect(await refusal('a,1.5\n')).toMatchObject({
      code: 'dataset_split_empty',
      message: expect.stringContaining('leaves no row of split train to train on: copies') as string,
    });
  });
});

describe('a snapshot’s blob that is not what it was', () => {
  it('is refused', async () => {
    const { manifest } = await build(usual);
    const wrong = await blobs.putBytes(Buffer.from('{}'));
    await expect(openSnapshot(blobs, wrong.sha256)).rejects.toMatchObject({ code: 'blob_corrupt' });
    await expect(openSnapshot(blobs, `sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({
      code: 'blob_missing',
    });
    for (const examplesBlob of [wrong, manifest.splits.evaluation.examplesBlob]) {
      const train = { ...manifest.splits.train, examplesBlob };
      const swapped = { ...manifest, splits: { ...manifest.splits, train } };
      const { sha256 } = await blobs.putBytes(Buffer.from(JSON.stringify(swapped)));
      const snapshot = await openSnapshot(blobs, sha256);
      const copies = join(folder, 'copies');
      await expect(snapshot.examples('train', copies)).rejects.toMatchObject({ code: 'blob_corrupt' });
      expect(readdirSync(copies)).toEqual([]);
    }
  });
});
