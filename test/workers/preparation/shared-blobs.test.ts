// A blob that all checkpoints refer to is lost or broken: it is replaced by the same content, and by nothing else.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { CodedError } from '../../../src/error.ts';
import type { BlobRef } from '../../../src/experiment/blob.ts';
import { BlobStore } from '../../../src/storage/blob-store.ts';
import { DirectoryStore } from '../../../src/storage/directory-store.ts';
import { readOrMakeAgain } from '../../../workers/preparation/shared-blobs.ts';

const folder = mkdtempSync(join(tmpdir(), 'shared-'));
afterAll(() => rmSync(folder, { recursive: true }));

const content = Buffer.from('what made it makes it again');
const log = { warn: () => undefined };
let blobs: BlobStore;
let blob: BlobRef;
let file: string;

beforeEach(async () => {
  const store = new DirectoryStore(folder);
  blob = await new BlobStore(store, '').putBytes(content);
  const digits = blob.sha256.replace('sha256:', '');
  file = join(folder, 'blobs/sha256', digits.slice(0, 2), digits);
  writeFileSync(file, 'What made it makes it again');
  blobs = new BlobStore(store, '');
});

const read = async (): Promise<string> => Buffer.from(await blobs.bytes(blob)).toString();

it('what is broken is replaced, for later readers too', async () => {
  expect(await readOrMakeAgain(blob, log, read, () => blobs.putBytes(content))).toBe(content.toString());
  expect(readFileSync(file)).toEqual(content);
});

it('what is lost is replaced', async () => {
  rmSync(file);
  expect(await readOrMakeAgain(blob, log, read, () => blobs.putBytes(content))).toBe(content.toString());
});

it.each([
  ['what would be made is other content', () => blobs.putBytes(Buffer.from('other'))],
  ['what it is made from is lost', () => Promise.reject(new CodedError('blob_missing', 'another blob'))],
  ['what it is made from was deleted', () => Promise.reject(new CodedError('not_found', 'a model'))],
])('the fault names what is broken when %s', async (_why, make) => {
  await expect(readOrMakeAgain(blob, log, read, make)).rejects.toMatchObject({
    code: 'blob_corrupt',
    message: expect.stringContaining(blob.sha256) as string,
  });
});

it('a fault that says nothing of the content is not taken for damage', async () => {
  const away = new CodedError('storage_unavailable', 'It is away.');
  await expect(
    readOrMakeAgain(
      blob,
      log,
      () => Promise.reject(away),
      () => Promise.reject(new Error('nothing is to be made')),
    ),
  ).rejects.toBe(away);
  await expect(readOrMakeAgain(blob, log, read, () => Promise.reject(away))).rejects.toBe(away);
});
