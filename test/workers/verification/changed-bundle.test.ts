// A bundle of which somebody has changed a part, and every hash of that part with it, never agrees.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pino } from 'pino';
import { extract, pack } from 'tar-stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BlobStore } from '../../../src/storage/blob-store.ts';
import { canonicalJson } from '../../../src/json/canonical-json.ts';
import { DirectoryStore } from '../../../src/storage/directory-store.ts';
import { checkSnapshot } from '../../../workers/verification/check-snapshot.ts';
import { readBundle } from '../../../workers/verification/read-bundle.ts';
import { BundleDiffers } from '../../../workers/verification/unpack-bundle.ts';
import { profileOf } from '../../database/fixture.ts';
import { verify } from '../../../workers/verification/verify.ts';

const proof = resolve(import.meta.dirname, '../../checkpoints/0.2.0/proof.tar');
const before = 'checkpoints/16.json';
const result = 'checkpoints/24.json';

let directory: string;
let original: ReadonlyMap<string, Buffer>;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bundle-'));
  const files = new Map<string, Buffer>();
  for await (const entry of createReadStream(proof).pipe(extract()))
    files.set(entry.header.name, await buffer(entry));
  original = files;
});
afterAll(() => rm(directory, { recursive: true }));

type Json = Record<string, unknown>;

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The files of a bundle. What is changed takes along every hash that names it. */
class Forgery {
  readonly files = new Map(original);

  text(name: string): string {
    return this.files.get(name)?.toString() ?? '';
  }

  replace(name: string, change: (text: string) => string): void {
    const changed = change(this.text(name));
    expect(changed).not.toBe(this.text(name));
    this.files.set(name, Buffer.from(changed));
  }

  edit(name: string, change: (value: Json) => void): void {
    const old = hashOf(this.files.get(name) ?? Buffer.alloc(0));
    this.replace(name, (text) => {
      const value = JSON.parse(text) as Json;
      change(value);
      return canonicalJson(value);
    });
    const now = hashOf(this.files.get(name) ?? Buffer.alloc(0));
    if (name === result) this.replace('proof.json', (text) => text.replace(old, now));
  }

  /** Puts an object in the place of another, for the checkpoints that are named and for the snapshot. */
  object(sha256: string, change: (bytes: Buffer) => Buffer, referrers: readonly string[]): void {
    const changed = change(Buffer.from(this.files.get(`blobs/${sha256}`) ?? []));
    const now = { sha256: `sha256:${hashOf(changed)}`, sizeBytes: changed.length };
    this.files.set(`blobs/${hashOf(changed)}`, changed);
    for (const name of referrers)
      this.edit(name, (value) => replaceReference(value, `sha256:${sha256}`, now));
    const isReferred = [...this.files].some(
      ([name, bytes]) => name !== 'SHA256SUMS' && bytes.includes(`sha256:${sha256}`),
    );
    if (!isReferred) this.files.delete(`blobs/${sha256}`);
  }

  /** Changes the snapshot's manifest, and who names it. */
  snapshot(change: (bytes: Buffer) => Buffer): void {
    const old = this.referred('snapshotSha256');
    const changed = change(Buffer.from(this.files.get(`blobs/${old}`) ?? []));
    this.files.delete(`blobs/${old}`);
    this.files.set(`blobs/${hashOf(changed)}`, changed);
    this.replace('proof.json', (text) => text.replace(old, hashOf(changed)));
    for (const name of [before, result])
      this.edit(name, (value) => (value['snapshotSha256'] = `sha256:${hashOf(changed)}`));
  }

  /** The digits of the hash that the result's checkpoint has under a name. */
  referred(name: string): string {
    const manifest = JSON.parse(this.text(result)) as Json & { blobs: Record<string, { sha256: string }> };
    return String(manifest.blobs[name]?.sha256 ?? manifest[name]).replace('sha256:', '');
  }

  /** The tar, with the sums of what it holds. */
  async packed(): Promise<Buffer> {
    this.files.delete('SHA256SUMS');
    const sums = [...this.files].map(([name, bytes]) => `${hashOf(bytes)}  ${name}\n`).join('');
    const tar = pack();
    tar.entry({ name: 'SHA256SUMS' }, sums);
    for (const [name, bytes] of this.files) tar.entry({ name }, bytes);
    tar.finalize();
    return buffer(tar);
  }
}

function replaceReference(value: unknown, sha256: string, now: Json): void {
  if (typeof value !== 'object' || value === null) return;
  if ((value as Json)['sha256'] === sha256) Object.assign(value, now);
  else for (const member of Object.values(value)) replaceReference(member, sha256, now);
}

/** What is said of a bundle before a step is computed; `undefined` where nothing differs. */
async function reasonFor(tar: Buffer): Promise<string | undefined> {
  const objects = await mkdtemp(join(directory, 'objects-'));
  const blobs = new BlobStore(new DirectoryStore(objects), '', () => Promise.resolve());
  try {
    const { evidence, lastStep } = await readBundle(Readable.from([tar]), blobs);
    await checkSnapshot(evidence, objects);
    const verdict = await verify(
      () => Promise.resolve(evidence),
      { fromStep: lastStep, toStep: lastStep },
      objects,
      pino({ level: 'silent' }),
      {
        provider: 'cpu',
        start: () => {
          throw new Error('a step is computed');
        },
        onProgress: () => undefined,
      },
    );
    return verdict.reason ?? undefined;
  } catch (error) {
    if (error instanceof BundleDiffers) return error.message;
    if (error instanceof Error && error.message === 'a step is computed') return undefined;
    throw error;
  }
}

const swapped = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString().replace(/"(\w+)",\s*"1": "(\w+)"/, '"$2",\n    "1": "$1"'));
const ledgerLine = (step: number, change: (line: string) => string) => (forgery: Forgery) =>
  forgery.replace('ledger.jsonl', (text) =>
    text
      .split('\n')
      .map((line, index) => (index === step - 1 ? change(line) : line))
      .join('\n'),
  );
const inJson = (name: string, change: (value: Json) => void) => (forgery: Forgery) => {
  forgery.edit(name, change);
};

const changes: Readonly<Record<string, readonly [change: (forgery: Forgery) => void, reason: string]>> = {
  'the experiment of the proof': [inJson('proof.json', (p) => (p['experimentId'] = 'exp_1')), 'experimentId'],
  'the versions of the proof': [
    inJson('proof.json', (p) => ((p['versions'] as Json)['onnxruntime'] = '9')),
    'versions',
  ],
  'the format of the proof': [inJson('proof.json', (p) => (p['formatVersion'] = 2)), 'formatVersion'],
  'more than a proof': [inJson('proof.json', (p) => (p['accuracy'] = 1)), 'accuracy'],
  'a name twice': [
    (f) => f.replace('proof.json', (text) => text.replace('{', '{"formatVersion":1,')),
    'proof.json is not canonical',
  ],
  'a segment before the span': [
    inJson('proof.json', (p) => {
      const [segment] = p['segments'] as Json[];
      p['segments'] = [
        { ...segment, profile: {} },
        { ...segment, fromStep: 9 },
      ];
    }),
    'segments do not begin',
  ],
  'a segment without steps': [
    inJson('proof.json', (p) => {
      const [segment] = p['segments'] as Json[];
      p['segments'] = [segment, { ...segment, fromStep: 99 }];
    }),
    'segments do not begin',
  ],
  'the experiment of the specification': [
    inJson('specification.json', (s) => (s['experimentId'] = 'exp_1')),
    'experimentId',
  ],
  'more than a specification': [inJson('specification.json', (s) => (s['note'] = 1)), 'specification.json'],
  'a step more': [(f) => f.replace('ledger.jsonl', (text) => `${text}${text.split('\n')[0]}\n`), '25 steps'],
  'a step less': [(f) => f.replace('ledger.jsonl', (t) => t.slice(t.indexOf('\n') + 1)), '23 steps'],
  'an end of the ledger': [(f) => f.replace('ledger.jsonl', (text) => text.slice(0, -3)), 'within a line'],
  'a lease': [ledgerLine(3, (line) => line.replace('"lease":2', '"lease":3')), 'line 4'],
  'a segment of the ledger': [
    ledgerLine(24, (line) => line.replace('"segment":0', '"segment":1')),
    'segments do not begin',
  ],
  'a half of a bit': [ledgerLine(3, (line) => line.replace(/("lossBits":\d+)/, '$1.5')), 'line 3'],
  'more than a step': [ledgerLine(3, (line) => line.replace('}', ',"note":1}')), 'line 3'],
  'another file': [(f) => f.files.set('README', Buffer.from('x')), 'README'],
  'another object': [
    (f) => f.files.set(`blobs/${hashOf(Buffer.from('x'))}`, Buffer.from('x')),
    'referred to',
  ],
  'a lost object': [(f) => f.files.delete(`blobs/${f.referred('vocabulary')}`), 'is missing'],
  'the name of a checkpoint': [
    (f) => {
      f.files.set('checkpoints/7.json', f.files.get(before) ?? Buffer.alloc(0));
      f.files.delete(before);
    },
    'checkpoints/7.json is of step 16',
  ],
  ...Object.fromEntries(
    (
      [
        ['experimentId', 'exp_1', 'experiment'],
        ['specSha256', `sha256:${'1'.repeat(64)}`, 'specification'],
        ['snapshotSha256', `sha256:${'1'.repeat(64)}`, 'snapshot'],
        ['profile', profileOf(1), 'numeric profile'],
        ['phase', 'pretraining', 'phase'],
        ['ledger', { steps: 5, sha256: `sha256:${'1'.repeat(64)}` }, 'number of steps'],
        ['lora', { rank: 1, alpha: 1 }, 'LoRA'],
      ] as const
    ).map(([field, value, named]) => [
      `${field} of the checkpoint before`,
      [inJson(before, (manifest) => (manifest[field] = value)), `step 16: its ${named} is not`] as const,
    ]),
  ),
  'the names of the labels': [
    (f) => f.object(f.referred('config'), swapped, [result]),
    'step 24: its configuration',
  ],
  'the names of the labels everywhere': [
    (f) => f.object(f.referred('config'), swapped, [before, result]),
    'step 16: its configuration',
  ],
  'the tokenizer of the result': [
    (f) => f.object(f.referred('tokenizer'), (bytes) => Buffer.concat([bytes, Buffer.from(' ')]), [result]),
    'step 24: its tokenizer',
  ],
  'the words that the weights are of': [
    (f) => f.object(f.referred('vocabulary'), (bytes) => bytes.fill(1, 4, 5), [result]),
    'step 24: its vocabulary',
  ],
  'a text of a row': [
    (f) => {
      const { splits } = JSON.parse(f.text(`blobs/${f.referred('snapshotSha256')}`)) as {
        splits: { evaluation: { rowsBlob: { sha256: string } } };
      };
      const rows = splits.evaluation.rowsBlob.sha256.replace('sha256:', '');
      const changed = Buffer.from(f.text(`blobs/${rows}`).replace(/"text":"\w+/, '"text":"other'));
      f.files.delete(`blobs/${rows}`);
      f.files.set(`blobs/${hashOf(changed)}`, changed);
      f.snapshot((bytes) => {
        const value: unknown = JSON.parse(bytes.toString());
        const now = { sha256: `sha256:${hashOf(changed)}`, sizeBytes: changed.length };
        replaceReference(value, `sha256:${rows}`, now);
        return Buffer.from(canonicalJson(value));
      });
    },
    'the rows of split',
  ],
  'a column of the snapshot': [
    (f) => f.snapshot((bytes) => Buffer.from(bytes.toString().replace('"text":"text"', '"text":"other"'))),
    'its columns',
  ],
};

it('is read as it was made', async () => {
  expect(await reasonFor(await new Forgery().packed())).toBeUndefined();
});

it.each(Object.entries(changes))('names a change of %s', async (_, [change, reason]) => {
  const forgery = new Forgery();
  change(forgery);
  expect(await reasonFor(await forgery.packed())).toContain(reason);
});

it('names a file that is there twice, also in a second archive after the first', async () => {
  const whole = await new Forgery().packed();
  expect(await reasonFor(Buffer.concat([whole, whole]))).toContain('SHA256SUMS is there twice');
});

it('names a link', async () => {
  const tar = pack();
  tar.entry({ name: 'proof.json', type: 'symlink', linkname: '/etc/passwd' });
  tar.finalize();
  expect(await reasonFor(await buffer(tar))).toContain('proof.json is no file');
});
