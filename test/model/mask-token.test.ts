// Whether a stored tokenizer can mask words.
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { requireMaskToken } from '../../src/model/mask-token.ts';
import { BlobStore } from '../../src/storage/blob-store.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import { tokenizerJsonFromVocabulary } from '../../src/text/vocabulary.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
const blobs = new BlobStore(new DirectoryStore(folder), '');
afterAll(() => rm(folder, { recursive: true }));

it('a stored tokenizer is refused where words are to be masked and it has no token for that', async () => {
  const json = JSON.stringify(tokenizerJsonFromVocabulary('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na'));
  const check = async (text: string) => requireMaskToken(blobs, await blobs.putBytes(Buffer.from(text)));
  await check(json);
  await expect(check(json.replaceAll('[MASK]', '[OTHER]'))).rejects.toMatchObject({
    code: 'model_incompatible',
    problems: [{ path: '/training/pretraining' }],
  });
});
