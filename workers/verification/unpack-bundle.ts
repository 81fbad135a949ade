// Unpacks the bundle of a proof: files that belong to one, each once, and each what SHA256SUMS says.
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, type Extract } from 'tar-stream';
import { hexadecimal } from '../../src/experiment/blob.ts';
import { CodedError } from '../../src/error.ts';
import { isSystemError } from '../../src/thrown.ts';
import { bundleFiles, isBundleFile, isObjectFile, objectFile } from '../../src/proof/bundle-layout.ts';
import { sha256Of, type BlobStore } from '../../src/storage/blob-store.ts';

/** What of the bundle is not as it should be, by the names of its files. */
export class BundleDiffers extends Error {}

export interface UnpackedBundle {
  /** All files but the objects, by their names. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
  /** The names of the files that are objects. */
  readonly objects: ReadonlySet<string>;
}

type Entry = Extract extends AsyncIterable<infer Each> ? Each : never;

/**
 * @param blobs where the objects are put, to be read from there.
 * @throws BundleDiffers naming the file; CodedError `invalid_request` for what is no tar; `storage_unavailable`.
 */
export async function unpackBundle(tar: Readable, blobs: BlobStore): Promise<UnpackedBundle> {
  const unpacked = tar.pipe(extract());
  tar.once('error', (error) => unpacked.destroy(error));
  const documents = new Map<string, Uint8Array>();
  const found = new Map<string, string>();
  try {
    for await (const entry of unpacked) {
      // Of a bundle that was unpacked and packed again.
      if (entry.header.type === 'directory') entry.resume();
      else await takeFile(entry, blobs, documents, found);
    }
  } catch (error) {
    if (error instanceof CodedError || error instanceof BundleDiffers) throw error;
    const reason = isSystemError(error, 'ENOENT')
      ? 'There is no such file.'
      : 'The file is not a readable tar.';
    throw new CodedError('invalid_request', reason, { cause: error });
  }
  const objects = new Set([...found.keys()].filter(isObjectFile));
  found.delete(bundleFiles.sums);
  checkSums(textOf(documents, bundleFiles.sums), found);
  return { documents, objects };
}

/** The text of a document. @throws BundleDiffers where there is none. */
export function textOf(documents: UnpackedBundle['documents'], name: string): string {
  const bytes = documents.get(name);
  if (bytes === undefined) throw new BundleDiffers(`${name} is missing`);
  return Buffer.from(bytes).toString('utf8');
}

/** @param found is given the hexadecimal hash of the file. */
async function takeFile(
  entry: Entry,
  blobs: BlobStore,
  documents: Map<string, Uint8Array>,
  found: Map<string, string>,
): Promise<void> {
  const { name, type } = entry.header;
  if (!isBundleFile(name) || type !== 'file') throw new BundleDiffers(`${name} is no file of a bundle`);
  if (found.has(name)) throw new BundleDiffers(`${name} is there twice`);
  if (isObjectFile(name)) {
    const { sha256 } = await blobs.putStream(Readable.from(entry, { objectMode: false }));
    found.set(name, hexadecimal(sha256));
    if (name !== objectFile(sha256)) throw new BundleDiffers(`${name} has another content`);
  } else {
    const bytes = await buffer(entry);
    documents.set(name, bytes);
    found.set(name, hexadecimal(sha256Of(bytes)));
  }
}

function checkSums(sums: string, found: Map<string, string>): void {
  for (const line of sums.split('\n').filter((each) => each !== '')) {
    const [, sha256, name = ''] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (!found.has(name)) throw new BundleDiffers(`${name} is missing`);
    if (found.get(name) !== sha256) throw new BundleDiffers(`${name} is not what ${bundleFiles.sums} says`);
    found.delete(name);
  }
  for (const name of found.keys()) throw new BundleDiffers(`${name} is not in ${bundleFiles.sums}`);
}
