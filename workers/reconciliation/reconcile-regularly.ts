// The comparison of database, Temporal and store that goes on beside the coordinator worker.
import { setTimeout as delay } from 'node:timers/promises';
import { withAdvisoryLock } from '../../src/database/advisory-lock.ts';
import { messageOf } from '../../src/thrown.ts';
import type { Logger } from '../../src/log.ts';
import type { Reconciler } from './reconciler.ts';

/** Under this name one process of all compares at a time. */
export const reconciliationLock = 'reconciliation';

interface Schedule {
  readonly databaseUrl: string;
  /** From the end of one comparison to the next; 0: none is made. */
  readonly intervalSeconds: number;
}

/** Compares at once and then regularly, until the signal is aborted. What is away is compared next time. */
export async function reconcileRegularly(
  reconciler: Reconciler,
  { databaseUrl, intervalSeconds }: Schedule,
  log: Logger,
  stopping: AbortSignal,
): Promise<void> {
  const isStopping = (): boolean => stopping.aborted;
  while (intervalSeconds > 0 && !isStopping()) {
    try {
      await withAdvisoryLock(databaseUrl, reconciliationLock, () => reconciler.run(false, stopping));
    } catch (error) {
      if (!isStopping()) log.warn({ reason: messageOf(error) }, 'nothing was reconciled');
    }
    // Stopping ends the wait early.
    await delay(intervalSeconds * 1000, undefined, { signal: stopping }).catch(() => undefined);
  }
}
