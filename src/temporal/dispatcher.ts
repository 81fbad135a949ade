// Takes the rows of the outbox as they are due, and sees to it that each is delivered in the end.
import type { Outbox, OutboxRow } from '../database/outbox.ts';
import type { Logger } from '../log.ts';
import { messageOf } from '../thrown.ts';
import { Alarm } from './alarm.ts';
import { deliver, type DeliveryDependencies } from './deliver.ts';

/** Without a notification the outbox is looked at this often. */
const pollSeconds = 5;
const leastDelaySeconds = 1;
const greatestDelaySeconds = 10;
/** Rows that a dispatcher delivers at a time; those of one experiment never are, and keep their order. */
const mostAtOnce = 8;

export interface DispatcherDependencies extends DeliveryDependencies {
  readonly outbox: Pick<Outbox, 'claim' | 'renew' | 'secondsUntilDue' | 'delivered' | 'postpone'>;
  /** Calls back when rows were added. Returns how to stop that. */
  readonly onOutbox: (callback: () => void) => () => void;
  readonly log: Logger;
}

/** Delivers rows until the signal is aborted; several dispatchers may run at once. */
export async function runDispatcher(
  dependencies: DispatcherDependencies,
  signal: AbortSignal,
): Promise<void> {
  const alarm = new Alarm();
  const stopListening = dependencies.onOutbox(() => alarm.ring());
  signal.addEventListener('abort', () => alarm.ring());
  const deliveries = new Set<Promise<void>>();
  try {
    while (!signal.aborted) {
      const isBusy = deliveries.size === mostAtOnce;
      const row = isBusy ? undefined : await claimNext(dependencies);
      if (row === undefined) {
        await alarm.wait(isBusy ? pollSeconds : await secondsToWait(dependencies));
        continue;
      }
      const delivery = deliverRow(dependencies, row).finally(() => {
        deliveries.delete(delivery);
        // The experiment's next row may be due now.
        alarm.ring();
      });
      deliveries.add(delivery);
    }
  } finally {
    stopListening();
    await Promise.all(deliveries);
  }
}

/** How long nothing will be due, at most the time between two polls. */
async function secondsToWait({ outbox }: DispatcherDependencies): Promise<number> {
  try {
    const untilDue = await outbox.secondsUntilDue();
    if (untilDue === undefined) return pollSeconds;
    return Math.min(pollSeconds, Math.max(leastDelaySeconds / 10, untilDue));
  } catch {
    // The database is away: look again at the next poll.
    return pollSeconds;
  }
}

async function claimNext({ outbox, log }: DispatcherDependencies): Promise<OutboxRow | undefined> {
  try {
    return await outbox.claim();
  } catch (error) {
    // The database is away: the next look is at the next poll.
    log.warn({ reason: messageOf(error) }, 'the outbox was not read');
    return undefined;
  }
}

async function deliverRow(dependencies: DispatcherDependencies, row: OutboxRow): Promise<void> {
  const { outbox, log } = dependencies;
  try {
    const done = await deliver(dependencies, row);
    if (done) await outbox.delivered(row);
    else await outbox.postpone(row, 'not yet', leastDelaySeconds);
  } catch (error) {
    // The database or Temporal is away: the row stays, and is tried again by this dispatcher or another.
    const { kind, experimentId } = row;
    log.warn({ row: { kind, experimentId }, reason: messageOf(error) }, 'not delivered');
    const delaySeconds = Math.min(greatestDelaySeconds, leastDelaySeconds * 2 ** Math.min(row.attempts, 10));
    // If even that fails, the claim runs out by itself.
    await outbox.postpone(row, messageOf(error), delaySeconds).catch(() => undefined);
  }
}
