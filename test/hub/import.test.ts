// Datasets and models of a hub: which files are taken, and that they become what an upload of them would be.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRows } from '../../src/dataset/rows.ts';
import { contentOf, storeSplit } from '../../src/dataset/store-split.ts';
import { datasetConfigurations } from '../../src/hub/dataset-configuration.ts';
import { splitFiles } from '../../src/hub/dataset-files.ts';
import { HubClient } from '../../src/hub/hub-client.ts';
import { hubRequester } from '../../src/hub/hub-request.ts';
import { importHubDataset } from '../../src/hub/import-dataset.ts';
import { importHubModel } from '../../src/hub/import-model.ts';
import { fitsPattern } from '../../src/hub/path-pattern.ts';
import { BlobStore } from '../../src/storage/blob-store.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import { commit, FakeHub } from './fake-hub.ts';

let hub: FakeHub;
let client: HubClient;
const folder = mkdtempSync(join(tmpdir(), 'hub-'));
const blobs = new BlobStore(new DirectoryStore(folder), '');
const asked = { repository: 'org/name', config: null, revision: null, maximumBytes: 1_000_000 };

beforeEach(async () => {
  hub = new FakeHub();
  await hub.start();
  client = new HubClient(hubRequester({ url: hub.url, token: null }, new AbortController().signal));
});
afterEach(() => hub.stop());
afterAll(() => rmSync(folder, { recursive: true }));

const hash = { kind: 'sha256', hex: '' } as const;

/** The paths of each split. */
function chosen(paths: readonly string[], readme = '', config: string | null = null) {
  const files = paths.map((path) => ({ path, sizeBytes: 1, hash }));
  const splits = splitFiles(files, datasetConfigurations(readme), config);
  return Object.fromEntries(splits.map(({ split, files: found }) => [split, found.map(({ path }) => path)]));
}

describe('the files of a dataset', () => {
  it('are told apart by the split that their path names last', () => {
    expect(chosen(['README.md', 'train.csv', 'dev.csv', 'test.csv', 'LICENSE'])).toEqual({
      train: ['train.csv'],
      validation: ['dev.csv'],
      test: ['test.csv'],
    });
    expect(
      chosen([
        'data/validation-00000-of-00001.parquet',
        'data/train-00001-of-00002.parquet',
        'data/train-00000-of-00002.parquet',
      ]),
    ).toEqual({
      train: ['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet'],
      validation: ['data/validation-00000-of-00001.parquet'],
    });
    expect(chosen(['training/part.jsonl', 'eval/my_train_like.jsonl'])).toEqual({
      train: ['eval/my_train_like.jsonl', 'training/part.jsonl'],
    });
    expect(chosen(['all.csv', '.hidden/train.csv', 'constraints/text.txt'])).toEqual({ train: ['all.csv'] });
  });

  it('are those of a folder where it is named as the configuration', () => {
    const paths = ['de/train.csv', 'en/train.csv', 'en/test.csv'];
    expect(chosen(paths, '', 'en')).toEqual({ train: ['en/train.csv'], test: ['en/test.csv'] });
    expect(() => chosen(paths, '', 'fr')).toThrow(expect.objectContaining({ code: 'hub_not_found' }));
  });

  it('are those that the README names for a configuration', () => {
    const readme = `---
license: mit
configs:
- config_name: first
  data_files:
  - split: train
    path: one/*.csv
  - split: test
    path: ["other/**/held?.csv", "one/none.csv"]
- config_name: second
  default: true
  data_dir: two
  data_files: "*.csv"
- config_name: third
  data_dir: three
---
# Words`;
    const paths = [
      'one/a.csv',
      'one/b.csv',
      'one/deep/c.csv',
      'other/x/y/held1.csv',
      'other/held12.csv',
      'two/z.csv',
    ];
    expect(chosen(paths, readme, 'first')).toEqual({
      train: ['one/a.csv', 'one/b.csv'],
      test: ['other/x/y/held1.csv'],
    });
    expect(chosen(paths, readme)).toEqual({ train: ['two/z.csv'] });
    expect(chosen(paths, readme, 'two')).toEqual({ train: ['two/z.csv'] });
  });

  it('are asked for by name where a README has several configurations and no default', () => {
    const readme =
      '---\nconfigs:\n- config_name: a\n  data_files: a.csv\n- config_name: b\n  data_files: b.csv\n---\n';
    expect(() => chosen(['a.csv', 'b.csv'], readme)).toThrow('a, b');
    expect(chosen(['a.csv', 'b.csv'], readme, 'b')).toEqual({ train: ['b.csv'] });
  });

  it('are missing where none can be read, and a README that is broken is refused', () => {
    expect(() => chosen(['model.bin', 'a.txt'])).toThrow(expect.objectContaining({ code: 'hub_not_found' }));
    expect(() => chosen(['a.csv'], '---\n[1\n---\n')).toThrow(
      expect.objectContaining({ code: 'dataset_invalid' }),
    );
    expect(chosen(['a.csv'], '---\nlicense: mit\n---\n')).toEqual({ train: ['a.csv'] });
  });
});

describe('a pattern', () => {
  it.each([
    ['data/train-*', 'data/train-0.csv', true],
    ['data/train-*', 'data/x/train-0.csv', false],
    ['**/train.csv', 'train.csv', true],
    ['**/train.csv', 'a/b/train.csv', true],
    ['**', 'a/b', true],
    ['*', 'a/b', false],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['a.c', 'abc', false],
    ['./a', 'a', true],
    ['', 'a', false],
  ])('%s and %s: %s', (pattern, path, fits) => {
    expect(fitsPattern(path, pattern)).toBe(fits);
  });

  it('made to take for ever takes no time', () => {
    expect(fitsPattern('a'.repeat(2000), `${'*a'.repeat(500)}b`)).toBe(false);
  });
});

describe('a dataset of a hub', () => {
  const csv = (rows: number, from = 0) =>
    Buffer.from(
      `text,label\n${Array.from({ length: rows }, (_, row) => `text ${from + row},${row % 2}\n`).join('')}`,
    );

  it('of one file a split is stored as an upload of it is', async () => {
    const [train, test] = [csv(50), csv(3)];
    hub.repositories.set('dataset org/name', { files: { 'train.csv': train, 'test.csv': test } });
    const found = await importHubDataset(client, asked);
    expect(found).toMatchObject({ repository: 'org/name', commit });
    const stored = Object.fromEntries(
      await Promise.all(
        found.splits.map(
          async ({ name, files }) => [name, await storeSplit(blobs, name, files, () => undefined)] as const,
        ),
      ),
    );
    expect(stored).toMatchObject({
      train: { format: 'csv', rows: 50, columns: ['text', 'label'] },
      test: { rows: 3 },
    });
    const upload = { train: await blobs.putBytes(train), test: await blobs.putBytes(test) };
    expect(stored['train']!.blob).toEqual(upload.train);
    expect(contentOf(stored).sha256).toBe(
      contentOf({
        test: { format: 'csv', blob: upload.test },
        train: { format: 'csv', blob: upload.train },
      }).sha256,
    );
  });

  it('of several files a split has all their rows in the order of their paths', async () => {
    const files = {
      'train-1.csv': csv(20, 20),
      'train-0.csv': csv(20),
      'train-2.jsonl': Buffer.from('{"text":"last","label":[1]}'),
    };
    hub.repositories.set('dataset org/name', { files });
    const [train] = (await importHubDataset(client, asked)).splits;
    let pieces = 0;
    const stored = await storeSplit(blobs, 'train', train!.files, () => (pieces += 1));
    expect(stored).toMatchObject({ format: 'jsonl', rows: 41 });
    expect(pieces).toBeGreaterThan(0);
    const texts: unknown[] = [];
    for await (const { values } of readRows('train', 'jsonl', await blobs.get(stored.blob)))
      texts.push(values['text']);
    expect(texts).toEqual([...Array.from({ length: 40 }, (_, row) => `text ${row}`), 'last']);
  });

  it('over the limit is refused before a file is read', async () => {
    hub.repositories.set('dataset org/name', { files: { 'train.csv': csv(100) } });
    await expect(importHubDataset(client, { ...asked, maximumBytes: 100 })).rejects.toMatchObject({
      code: 'payload_too_large',
    });
    expect(hub.requests.some(({ path }) => path.includes('/resolve/'))).toBe(false);
  });

  it('whose file is no dataset is refused as an upload of it is', async () => {
    hub.repositories.set('dataset org/name', { files: { 'train.csv': Buffer.from('a,b\n1\n') } });
    const [train] = (await importHubDataset(client, asked)).splits;
    await expect(storeSplit(blobs, 'train', train!.files, () => undefined)).rejects.toMatchObject({
      code: 'dataset_invalid',
    });
  });
});

describe('a model of a hub', () => {
  const files = {
    'config.json': Buffer.from('{}'),
    'vocab.txt': Buffer.from('[PAD]'),
    'model.safetensors': Buffer.alloc(500, 1),
  };

  it('is its configuration, tokenizer and weights, with the commit that they came from', async () => {
    hub.repositories.set('model org/name', { files: { ...files, 'pytorch_model.bin': Buffer.alloc(9) } });
    const found = await importHubModel(client, asked);
    expect(found.commit).toBe(commit);
    expect(found.files.map(({ name }) => name)).toEqual(['config.json', 'vocab.txt', 'model.safetensors']);
    expect(await text(found.files[1]!.open())).toBe('[PAD]');
    hub.repositories.set('model org/name', { files: { ...files, 'tokenizer.json': Buffer.from('{}') } });
    expect((await importHubModel(client, asked)).files[1]!.name).toBe('tokenizer.json');
  });

  it('without one of them is refused by its name', async () => {
    const { 'model.safetensors': _weights, ...rest } = files;
    hub.repositories.set('model org/name', { files: rest });
    await expect(importHubModel(client, asked)).rejects.toThrow('model.safetensors');
    await expect(importHubModel(client, { ...asked, revision: 'none' })).rejects.toMatchObject({
      code: 'hub_not_found',
    });
  });

  it('over the limit is refused', async () => {
    hub.repositories.set('model org/name', { files });
    await expect(importHubModel(client, { ...asked, maximumBytes: 400 })).rejects.toMatchObject({
      code: 'payload_too_large',
    });
  });
});
