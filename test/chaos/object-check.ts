// Every object of the store that is named by a hash must have it.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const blobPattern = /\/blobs\/sha256\/[0-9a-f]{2}\/([0-9a-f]{64})$/u;
const manifestPattern = /\/checkpoints\/.+-([0-9a-f]{64})\.json$/u;

/** @returns how many objects were read, and the paths of those with another hash. */
export async function checkObjects(folder: string): Promise<{ checked: number; broken: string[] }> {
  let checked = 0;
  const broken: string[] = [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = `/${join(entry.parentPath, entry.name).slice(folder.length + 1)}`;
    const name = (blobPattern.exec(path) ?? manifestPattern.exec(path))?.[1];
    if (!entry.isFile() || name === undefined) continue;
    checked += 1;
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(join(folder, path)) as AsyncIterable<Buffer>)
      hash.update(chunk);
    if (hash.digest('hex') !== name) broken.push(path);
  }
  return { checked, broken };
}
