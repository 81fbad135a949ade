// Collects what nothing refers to, beside the coordinator's other work.
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../thrown.ts';
import type { Logger } from '../log.ts';
import { collectOnce, type CollectionParts } from './collect-once.ts';

const intervalHours = 6;

/** Collects at once and then every 6 hours, until the signal is aborted. What is away is tried again next time. */
export async function collectRegularly(
  parts: CollectionParts,
  log: Logger,
  stopping: AbortSignal,
): Promise<void> {
  const isStopping = (): boolean => stopping.aborted;
  while (!isStopping()) {
    try {
      const collected = await collectOnce(parts, false, stopping);
      if (collected && collected.blobs + collected.manifests + collected.unfinished > 0)
        log.info(collected, 'collected what nothing refers to');
    } catch (error) {
      if (isStopping()) return;
      log.warn({ reason: messageOf(error) }, 'nothing was collected; npm run fsck tells of what is broken');
    }
    // Stopping ends the wait early.
    await delay(intervalHours * 3_600_000, undefined, { signal: stopping, ref: false }).catch(
      () => undefined,
    );
  }
}
