// What each task makes of the cells of a row: labels, targets, and what it refuses.
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { buildSnapshot, type SnapshotMapping } from '../../src/dataset/build-snapshot.ts';
import { rowEncoder } from '../../src/dataset/encode-row.ts';
import { openSnapshot } from '../../src/dataset/open-snapshot.ts';
import { BlobStore } from '../../src/storage/blob-store.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import { WordPieceLearner } from '../../src/text/learn-word-piece.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import { openExampleFile } from '../../src/text/example-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'tasks-'));
const blobs = new BlobStore(new DirectoryStore(folder), '');
afterAll(() => rm(folder, { recursive: true }));

/** Two classes at least, whatever the task. */
type Rows = readonly Readonly<Record<string, unknown>>[];

const learner = new WordPieceLearner();
for (const text of ['the cat sat on the mat', 'unbelievable birds flew away']) learner.add(text);
const tokenizerJson = JSON.stringify(await learner.finish({ vocabularySize: 64 }));
const tokenizer = createTokenizer(tokenizerJson);

async function build(train: Rows, evaluation: Rows, changes: Partial<SnapshotMapping>) {
  const source = (name: string, rows: Rows) => ({
    name,
    format: 'jsonl' as const,
    open: () =>
      Promise.resolve(Readable.from([Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'))])),
  });
  const { sha256, manifest } = await buildSnapshot({
    splits: [source('train', train), source('test', evaluation)],
    mapping: {
      task: 'auto',
      textField: 'text',
      labelField: 'label',
      trainSplit: 'train',
      shuffleBeforeSelect: false,
      seed: 1,
      maxSequenceLength: 16,
      ...changes,
    },
    blobs,
    directory: folder,
    prepareTokenizer: () => Promise.resolve({ tokenizerJson, ...tokenizer }),
  });
  const snapshot = await openSnapshot(blobs, sha256);
  const table = openExampleFile((await snapshot.examples('train', folder)).path);
  const examples = Array.from({ length: table.count }, (_, index) => table.read(index));
  table.close();
  const rows = [];
  for await (const row of snapshot.rows('train')) rows.push(row);
  return { manifest, table, examples, rows };
}

const labelled = (...labels: unknown[]): Rows => labels.map((label, row) => ({ text: `cat ${row}`, label }));
const floats = (words: Int32Array) => [...new Float32Array(Int32Array.from(words).buffer)];
const refused = (code: string) => expect.objectContaining({ code }) as Error;

describe('a regression', () => {
  it('keeps the value of every row as a float, and has no classes', async () => {
    const { manifest, table, examples, rows } = await build(labelled('1.5', 2, '-0.25'), labelled(7), {});
    expect(manifest).toMatchObject({
      task: 'regression',
      labels: [],
      splits: { train: { labelCounts: [] } },
    });
    expect(table.targetKind).toBe('value');
    expect(examples.map(({ targets }) => floats(targets))).toEqual([[1.5], [2], [-0.25]]);
    expect(rows.map(({ label }) => label)).toEqual([1.5, 2, -0.25]);
  });

  it('can be asked for where all labels are whole numbers, or only one', async () => {
    const { manifest } = await build(labelled(3, 3), labelled(3), { task: 'regression' });
    expect(manifest.task).toBe('regression');
    expect((await build(labelled(3, 4), labelled(3), {})).manifest.task).toBe('classification');
  });

  it.each(['high', 'NaN', '1e39', '0x10'])('refuses the label %s in either split', async (label) => {
    const asked = { task: 'regression' } as const;
    await expect(build(labelled(1.5, label), labelled(1), asked)).rejects.toThrow(refused('labels_invalid'));
    await expect(build(labelled(1.5, 2), labelled(label), asked)).rejects.toThrow(refused('labels_invalid'));
    await expect(build(labelled(1.5, 2), labelled(label), {})).rejects.toThrow(refused('labels_invalid'));
  });
});

describe('a multi-label task', () => {
  const task = 'multiLabel';

  it('reads lists, their JSON text, and names separated by | or else by commas', async () => {
    const train = labelled(['b', 'a'], '["a"]', 'c|a', 'a, c', [], 'b', 'd,e|a', '', null, 'a,a');
    const { manifest, table, examples, rows } = await build(train, labelled('a'), { task });
    expect(manifest.labels).toEqual(['a', 'b', 'c', 'd,e']);
    expect(table.targetKind).toBe('labels');
    expect(examples.map(({ targets }) => floats(targets))).toEqual([
      [1, 1, 0, 0],
      [1, 0, 0, 0],
      [1, 0, 1, 0],
      [1, 0, 1, 0],
      [0, 0, 0, 0],
      [0, 1, 0, 0],
      [1, 0, 0, 1],
      [1, 0, 0, 0],
    ]);
    expect(manifest.splits.train).toMatchObject({ rows: 8, leftOut: 2, labelCounts: [6, 2, 2, 1] });
    expect(rows[0]!.label).toEqual(['b', 'a']);
  });

  it('refuses a name that the training split does not have', async () => {
    await expect(build(labelled('a', 'b'), labelled('a|c'), { task })).rejects.toThrow('"c"');
  });

  it('refuses what is no list of names, with its line', async () => {
    for (const label of [['a', ['b']], { a: 1 }, "['a']", '[1, null]'])
      await expect(build(labelled('a', label), labelled('a'), { task })).rejects.toMatchObject({
        code: 'dataset_invalid',
        problems: [{ path: '/train/line/2' }],
      });
  });

  it('is not what auto takes a list for', async () => {
    await expect(build(labelled(['a'], ['b']), labelled(['a']), {})).rejects.toThrow(
      refused('dataset_invalid'),
    );
  });
});

describe('a pair of texts', () => {
  const pair = { textPairField: 'other' };
  const train = [
    { text: 'the cat', other: 'the mat', label: 'x' },
    { text: 'birds', other: 'unbelievable birds flew away', label: 'y' },
    { text: 'birds', other: ' ', label: 'y' },
    { text: 'birds', label: 'y' },
  ];
  const evaluation = [train[0]!];

  it('is encoded as the tokenizer does, and says where the second text begins', async () => {
    const { manifest, examples, rows } = await build(train, evaluation, { ...pair, maxSequenceLength: 8 });
    expect(manifest.columns).toEqual({ text: 'text', textPair: 'other', label: 'label' });
    expect(manifest.splits.train).toMatchObject({ rows: 2, leftOut: 2 });
    for (const [row, { tokenIds, secondStart }] of examples.entries()) {
      const expected = tokenizer.encodePair(train[row]!.text, train[row]!.other!, 8);
      expect([...tokenIds]).toEqual(expected.tokenIds);
      expect(secondStart).toBe(expected.tokenTypeIds.indexOf(1));
    }
    expect(examples[1]!.tokenIds.length).toBe(8);
    expect(rows[0]).toMatchObject({ text: 'the cat', textPair: 'the mat' });
  });

  it('of a model without token types has no second text', () => {
    const encode = rowEncoder(
      { task: 'classification', names: ['x', 'y'] },
      {
        ...tokenizer,
        encodePair: () => ({ tokenIds: [0, 5, 2, 2, 6, 2], tokenTypeIds: [0, 0, 0, 0, 0, 0] }),
      },
      8,
    );
    const row = { index: 0, line: 1, text: 'a', textPair: 'b', words: undefined, labels: ['x'] };
    expect(encode(row)?.example.secondStart).toBe(6);
  });

  it('stays on one side of a share that is set aside, with its copies only', async () => {
    const many = Array.from({ length: 60 }, (_, row) => ({
      text: 'cat',
      other: `mat ${row % 30}`,
      label: row % 2 === 0 ? 'x' : 'y',
    }));
    const { manifest, rows } = await build(many, many, { ...pair, evaluationFraction: 0.2 });
    expect(manifest.splits.evaluation.rows).toBe(12);
    const inTraining = new Map<string, number>();
    for (const { textPair = '' } of rows) inTraining.set(textPair, (inTraining.get(textPair) ?? 0) + 1);
    expect([...inTraining.values()].every((count) => count === 2)).toBe(true);
  });

  it('whose second column is in no row is refused', async () => {
    await expect(build(train, evaluation, { textPairField: 'third' })).rejects.toThrow('"third"');
  });
});

describe('a token classification', () => {
  const task = 'tokenClassification';
  const words = ['unbelievable', 'cat', 'sat'];
  const train = [
    { text: words, label: ['B', 'O', 'I'] },
    { text: words.join(' '), label: 'B O I' },
    { text: JSON.stringify(words), label: '["B", "O", "I"]' },
    { text: '', label: 'O' },
    { text: 'cat', label: [] },
  ];
  const evaluation = [{ text: 'cat', label: 'O' }];

  it('gives the label of a word to its first token and none to the others', async () => {
    const { manifest, table, examples, rows } = await build(train, evaluation, { task });
    expect(manifest.labels).toEqual(['B', 'I', 'O']);
    expect(table.targetKind).toBe('tokenClasses');
    const { tokenIds, wordOf } = tokenizer.encodeWords(words, 16);
    expect(tokenIds.length).toBeGreaterThan(words.length + 2);
    const seen = new Set<number>();
    const expected = Array.from(wordOf, (word) => {
      if (word < 0 || seen.has(word)) return -1;
      seen.add(word);
      return [0, 2, 1][word]!;
    });
    expect(expected.filter((target) => target >= 0)).toEqual([0, 2, 1]);
    for (const example of examples) {
      expect([...example.tokenIds]).toEqual([...tokenIds]);
      expect([...example.targets]).toEqual(expected);
      expect(example.secondStart).toBe(tokenIds.length);
    }
    expect(manifest.splits.train).toMatchObject({ rows: 3, leftOut: 2, labelCounts: [3, 3, 3] });
    expect(rows[0]).toMatchObject({ text: words.join(' '), words, label: ['B', 'O', 'I'] });
  });

  it('loses the labels of words that are cut off', async () => {
    const long = [{ text: ['cat', 'sat', 'unbelievable'], label: ['O', 'I', 'B'] }];
    const whole = tokenizer.encodeWords(long[0]!.text, 100).wordOf;
    const maxSequenceLength = Array.from(whole).indexOf(2) + 1;
    const { examples } = await build([...long, ...train], evaluation, { task, maxSequenceLength });
    expect(examples[0]!.targets.length).toBe(maxSequenceLength);
    expect([...examples[0]!.targets].filter((target) => target >= 0)).toEqual([2, 1]);
  });

  // WordPiece leaves nothing of control characters.
  const nothing = '\u0001\u200b';

  it('drops words of which the tokenizer leaves nothing, with their labels', async () => {
    const odd = [{ text: ['cat', nothing, 'sat', nothing], label: ['O', 'B', 'I', 'B'] }, ...train];
    const { manifest, examples, rows } = await build(odd, evaluation, { task });
    expect(rows[0]).toMatchObject({ text: 'cat sat', words: ['cat', 'sat'], label: ['O', 'I'] });
    expect([...examples[0]!.targets].filter((target) => target >= 0)).toEqual([2, 1]);
    expect(manifest.splits.train).toMatchObject({ rows: 4, leftOut: 2 });
  });

  it('keeps the words that the maximal length cuts off, and drops those before', async () => {
    const odd = [{ text: [nothing, 'cat', 'sat', nothing], label: ['B', 'O', 'I', 'B'] }, ...train];
    const { rows } = await build(odd, evaluation, { task, maxSequenceLength: 3 });
    expect(rows[0]).toMatchObject({ words: ['cat', 'sat', nothing], label: ['O', 'I', 'B'] });
  });

  it('leaves out and counts rows that have no other words', async () => {
    const empty = { text: [nothing, nothing], label: ['O', 'B'] };
    const { manifest, rows, examples } = await build([empty, ...train], evaluation, { task });
    expect(manifest.splits.train).toMatchObject({ rows: 3, leftOut: 3 });
    expect(rows.map(({ row, line }) => [row, line])).toEqual([
      [0, 2],
      [1, 3],
      [2, 4],
    ]);
    expect(examples).toHaveLength(3);
    await expect(build(train, [empty], { task })).rejects.toThrow(refused('dataset_split_empty'));
    await expect(build(train, [empty], { task })).rejects.toThrow('split test');
  });

  it('refuses labels that are not as many as the words, with the line', async () => {
    const wrong = [...train, { text: 'cat sat', label: 'O' }];
    await expect(build(wrong, evaluation, { task })).rejects.toMatchObject({
      code: 'dataset_invalid',
      problems: [{ path: '/train/line/6', message: 'has 1 labels for 2 words in "label"' }],
    });
  });

  it('refuses a label that the training split does not have', async () => {
    const unknown = [{ text: 'cat', label: 'Z' }];
    await expect(build(train, unknown, { task })).rejects.toThrow(refused('labels_invalid'));
  });
});
