// Every object that is named by a hash is read, and one that was torn is found.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { checkObjects } from './object-check.ts';

it('the check of objects names a blob and a manifest that were torn, and no other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'object-check-'));
  const hashOf = (content: string): string => createHash('sha256').update(content).digest('hex');
  const blob = `projects/default/blobs/sha256/${hashOf('blob').slice(0, 2)}/${hashOf('blob')}`;
  const manifest = `checkpoints/default/exp_1/000000000020-${hashOf('manifest')}.json`;
  const contents = { [blob]: 'blob', [manifest]: 'manifest', 'uploads/other': 'named otherwise' };
  try {
    for (const [path, content] of Object.entries(contents)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    expect(await checkObjects(folder)).toEqual({ checked: 2, broken: [] });
    for (const path of [blob, manifest]) await truncate(join(folder, path), 2);
    expect((await checkObjects(folder)).broken.toSorted()).toEqual([`/${manifest}`, `/${blob}`]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
