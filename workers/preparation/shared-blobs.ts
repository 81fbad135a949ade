// What every checkpoint of a phase refers to: the model before its first step, and the words in use. Each can be made again
// from what made it, so that one broken object does not make all checkpoints unreadable.
import { CodedError } from '../../src/error.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';
import type { Logger } from '../../src/log.ts';
import { isDamage } from '../../src/storage/blob-store.ts';

/**
 * Reads a blob; where it is lost or broken it is made again first, which replaces it when that gives the same content.
 *
 * @param read to its end, so that its hash is checked.
 * @param make stores what is made again, where `read` finds it.
 * @throws CodedError `blob_missing`, `blob_corrupt` when that gives other content, or what it would be made from is gone too;
 * what else `read` and `make` throw.
 */
export async function readOrMakeAgain<T>(
  blob: BlobRef,
  log: Pick<Logger, 'warn'>,
  read: () => Promise<T>,
  make: () => Promise<BlobRef>,
): Promise<T> {
  try {
    return await read();
  } catch (fault) {
    if (!isDamage(fault)) throw fault;
    log.warn({ err: fault }, 'what the checkpoints refer to is broken, and is made again');
    const made = await madeAgain(make);
    if (made?.sha256 !== blob.sha256)
      throw new CodedError(
        fault.code,
        `${fault.message} All checkpoints refer to it, and it cannot be made again.`,
        { cause: fault },
      );
    return await read();
  }
}

/** `undefined` where what it is made from is gone. */
async function madeAgain(make: () => Promise<BlobRef>): Promise<BlobRef | undefined> {
  try {
    return await make();
  } catch (error) {
    // That would tell of another object than the one that is asked for.
    if (isDamage(error) || (error instanceof CodedError && error.code === 'not_found')) return undefined;
    throw error;
  }
}
