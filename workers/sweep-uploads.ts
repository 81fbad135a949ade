// Removes what uploads that died have left in the object store: nothing refers to it, and nobody will finish it.
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../src/error.ts';
import type { Logger } from '../src/log.ts';
import type { BlobStore } from '../src/storage/blob-store.ts';

const hourMilliseconds = 3_600_000;
const intervalHours = 6;
/** No upload takes this long. */
const leastAgeHours = 24;

/** Sweeps at once and then every 6 hours, until the signal is aborted. A store that is away is tried again next time. */
export async function sweepUploads(blobs: BlobStore, log: Logger, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    try {
      const removed = await blobs.removeLeftovers(new Date(Date.now() - leastAgeHours * hourMilliseconds));
      if (removed > 0) log.info({ removed }, 'removed what dead uploads had left');
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'dead uploads were not removed');
    }
    // Stopping ends the wait early.
    await delay(intervalHours * hourMilliseconds, undefined, { signal: stopping, ref: false }).catch(
      () => undefined,
    );
  }
}
