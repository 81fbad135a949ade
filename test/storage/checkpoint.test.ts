// Checkpoint manifests: two writers of one step write the same bytes, and a writer of others disturbs nobody.
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { profileOf } from '../database/fixture.ts';
import { sha256Of } from '../../src/storage/blob-store.ts';
import { canonicalJson } from '../../src/json/canonical-json.ts';
import type { CheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { duplicateKey } from '../../src/json/duplicate-key.ts';
import { emptyLedgerHash, extendLedgerHash, type LedgerRecord } from '../../src/storage/ledger-hash.ts';
import { openDirectory, type TestStore } from './stores.ts';

const blob = (content: string) => ({ sha256: sha256Of(content), sizeBytes: content.length });

function manifest(step: number, changes: Partial<CheckpointManifest> = {}): CheckpointManifest {
  return {
    formatVersion: 2,
    experimentId: 'exp_1',
    step,
    phase: 'training',
    profile: profileOf(2),
    snapshotSha256: sha256Of('snapshot'),
    specSha256: sha256Of('spec'),
    blobs: {
      base: blob('b'),
      vocabulary: null,
      parameters: blob('p'),
      firstMoments: blob('m'),
      secondMoments: blob('v'),
      config: blob('c'),
      tokenizer: blob('t'),
    },
    unusedWords: { scale: 1, momentum: 0 },
    evaluations: null,
    lora: null,
    ledger: { steps: step, sha256: sha256Of('ledger') },
    ...changes,
  };
}

describe('checkpoints', () => {
  let opened: TestStore;
  let checkpoints: CheckpointStore;
  beforeAll(async () => {
    opened = await openDirectory();
    checkpoints = new CheckpointStore(opened.store, 'default');
  });
  afterAll(() => opened.close());

  it('are read back by the id that publishing gave', async () => {
    const { id } = await checkpoints.publish(manifest(7));
    expect(id).toBe(sha256Of(canonicalJson(manifest(7))));
    expect(await checkpoints.read('exp_1', 7, id)).toEqual(manifest(7));
    const missing = { code: 'blob_missing' };
    await expect(checkpoints.read('exp_1', 8, id)).rejects.toMatchObject(missing);
    await expect(checkpoints.read('exp_1', 7, sha256Of('another'))).rejects.toMatchObject(missing);
  });

  it('are told from a store that stops answering half-way', async () => {
    const { id } = await checkpoints.publish(manifest(9));
    const cut = new Readable({
      read() {
        this.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
      },
    });
    const get = vi.spyOn(opened.store, 'get').mockResolvedValueOnce({ body: cut, sizeBytes: 100 });
    await expect(checkpoints.read('exp_1', 9, id)).rejects.toMatchObject({ code: 'storage_unavailable' });
    get.mockRestore();
    expect(await checkpoints.read('exp_1', 9, id)).toEqual(manifest(9));
  });

  it('may be published twice when they are the same, whatever the order of their fields', async () => {
    const { id } = await checkpoints.publish(manifest(20));
    const reversed = Object.fromEntries(
      Object.entries(manifest(20)).reverse(),
    ) as unknown as CheckpointManifest;
    expect(await checkpoints.publish(reversed)).toMatchObject({ id });
  });

  it.each([
    ['torn', 40],
    ['empty', 0],
  ])('that are %s in the store are mended when they are published again', async (_how, length) => {
    const bytes = Buffer.from(canonicalJson(manifest(25)));
    const key = `checkpoints/default/exp_1/000000000025-${sha256Of(bytes).slice('sha256:'.length)}.json`;
    await opened.store.put(key, bytes.subarray(0, length));
    const { id } = await new CheckpointStore(opened.store, 'default').publish(manifest(25));
    expect(await checkpoints.read('exp_1', 25, id)).toEqual(manifest(25));
  });

  it('that differ for one step stand beside each other', async () => {
    const other = manifest(30, { profile: { ...profileOf(2), provider: 'cuda' } });
    const first = await checkpoints.publish(manifest(30));
    const second = await checkpoints.publish(other);
    expect(await checkpoints.read('exp_1', 30, first.id)).toEqual(manifest(30));
    expect(await checkpoints.read('exp_1', 30, second.id)).toEqual(other);
  });

  const keyOf = (bytes: Buffer): string =>
    `checkpoints/default/exp_3/000000000001-${sha256Of(bytes).slice('sha256:'.length)}.json`;

  it('whose bytes are not those of their id are refused on reading', async () => {
    const bytes = Buffer.from(canonicalJson(manifest(1, { experimentId: 'exp_3' })));
    await opened.store.put(
      keyOf(bytes),
      Buffer.from(canonicalJson(manifest(1, { experimentId: 'exp_3', specSha256: sha256Of('other') }))),
    );
    await expect(checkpoints.read('exp_3', 1, sha256Of(bytes))).rejects.toMatchObject({
      code: 'blob_corrupt',
    });
    await opened.store.put(keyOf(bytes), bytes);
    expect(await checkpoints.read('exp_3', 1, sha256Of(bytes))).toBeDefined();
  });

  it('that are not what they should be are refused on reading', async () => {
    const valid = manifest(1, { experimentId: 'exp_3' });
    const wrong: unknown[] = [
      'text',
      { ...valid, formatVersion: 1 },
      { ...valid, phase: 'resting' },
      { ...valid, unusedWords: { scale: 'all', momentum: 0 } },
      { ...valid, lora: { rank: 4 } },
      { ...valid, evaluations: { lastStep: 1, sinceBest: 0, best: { step: 1, value: null } } },
      { ...valid, evaluations: { lastStep: 1, best: null } },
      { ...valid, step: 2 },
      { ...valid, experimentId: 'exp_4' },
      { ...valid, profile: { threads: null } },
      { ...valid, blobs: { ...valid.blobs, secondMoments: { sha256: 'sha256:12', sizeBytes: 1 } } },
      { ...valid, ledger: { steps: -1, sha256: valid.specSha256 } },
      { ...valid, specSha256: undefined },
    ];
    for (const text of [...wrong.map((content) => JSON.stringify(content)), '{"cut']) {
      const bytes = Buffer.from(text);
      await opened.store.put(keyOf(bytes), bytes);
      await expect(checkpoints.read('exp_3', 1, sha256Of(bytes))).rejects.toMatchObject({
        code: 'blob_corrupt',
      });
    }
    const bytes = Buffer.from(JSON.stringify(valid));
    await opened.store.put(keyOf(bytes), bytes);
    expect(await checkpoints.read('exp_3', 1, sha256Of(bytes))).toEqual(valid);
  });
});

describe('the running hash of the ledger', () => {
  const records: LedgerRecord[] = Array.from({ length: 10 }, (_, index) => ({
    step: index + 1,
    lossBits: 0x3f800000 + index,
    gradientNormBits: 0xffffffff - index,
    learningRate: 7 * index,
    examples: 32,
  }));
  const whole = extendLedgerHash(undefined, records);

  it('goes on from any place', () => {
    for (let cut = 0; cut <= records.length; cut += 1) {
      const first = extendLedgerHash(undefined, records.slice(0, cut));
      expect(extendLedgerHash(first, records.slice(cut))).toBe(whole);
    }
    expect(extendLedgerHash(undefined, [])).toBe(emptyLedgerHash);
  });

  it('changes with every field of every record and with their order', () => {
    for (const [index, record] of records.entries()) {
      for (const field of Object.keys(record) as (keyof LedgerRecord)[]) {
        const changed = records.with(index, {
          ...record,
          [field]: record[field] === 0 ? 1 : record[field] - 1,
        });
        expect(extendLedgerHash(undefined, changed)).not.toBe(whole);
      }
    }
    expect(extendLedgerHash(undefined, records.toReversed())).not.toBe(whole);
  });

  it('has the value that its description gives for one record', () => {
    // SHA-256 of SHA-256("ledger format 1") and 01000000 02000000 03000000 04000000 05000000, made with another program.
    const record = { step: 1, lossBits: 2, gradientNormBits: 3, learningRate: 4 * 2 ** -149, examples: 5 };
    expect(extendLedgerHash(undefined, [record])).toBe(
      'sha256:e086b5b26f84f608886114ebf0039cff95ec0dda348bcb2868a08fdb37a7f193',
    );
  });
});

describe('canonical JSON', () => {
  it('sorts keys by code units at every depth, without white space', () => {
    const value = { b: [1, { z: 1e21, a: 'é\n' }], a: null, A: true, skipped: undefined, '€': 0.1, '\r': -0 };
    expect(canonicalJson(value)).toBe('{"\\r":0,"A":true,"a":null,"b":[1,{"a":"é\\n","z":1e+21}],"€":0.1}');
  });

  it.each([NaN, Infinity, 1n, () => 1, undefined, [Symbol('x')]])(
    'refuses what JSON cannot hold',
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    },
  );
});

describe('the search for a repeated key', () => {
  it.each([
    ['{"a":1,"b":{"a":2,"a":3},"c":[{"a":1}]}', undefined],
    ['{"a":"\\"a\\":{","b":"\\\\"}', undefined],
    ['{"a":1, "b":[1,2,"a"], "a" :2}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['["a","a"]', undefined],
  ])('looks at the outermost object only: %s', (json, expected) => {
    expect(duplicateKey(json)).toBe(expected);
  });
});
