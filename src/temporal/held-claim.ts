// Claims on rows of the outbox while they are delivered: no call to Temporal may come after another dispatcher has delivered the same row.
import type { Client } from '@temporalio/client';
import type { Outbox, OutboxRow } from '../database/outbox.ts';

/** A call to a Temporal server that does not answer ends after this; a claim lasts longer. */
export const callTimeoutSeconds = 10;
/** A row whose delivery takes many calls is claimed anew before one when its claim is as old as this. */
const renewSeconds = 10;

/**
 * Makes a call while the claim of a row is held. The claim is renewed just before, and the call's time counts from before that: a
 * process that stands still in between finds that its time is over, and sends nothing.
 *
 * @throws Error where another dispatcher has claimed the row since, or the time is over before the call; what the call throws.
 */
export async function whileClaimHeld<T>(
  client: Client,
  outbox: Pick<Outbox, 'renew'>,
  row: OutboxRow,
  call: () => Promise<T>,
): Promise<T> {
  const timeoutMilliseconds = callTimeoutSeconds * 1000;
  const deadlines = {
    wallClock: Date.now() + timeoutMilliseconds,
    steady: performance.now() + timeoutMilliseconds,
  };
  await renew(outbox, row);
  // A client sends a call also when its deadline is over. One clock can be put back, the other stands still in a machine that sleeps.
  if (Date.now() >= deadlines.wallClock || performance.now() >= deadlines.steady)
    throw new Error('The claim was renewed too long ago for the call.');
  return client.withDeadline(deadlines.wallClock, call);
}

/**
 * What renews a claim that was just taken, where that is due.
 *
 * @returns a function that throws an Error where another dispatcher has claimed the row since.
 */
export function renewing(outbox: Pick<Outbox, 'renew'>, row: OutboxRow): () => Promise<void> {
  let lastMilliseconds = performance.now();
  return async () => {
    if (performance.now() - lastMilliseconds < renewSeconds * 1000) return;
    await renew(outbox, row);
    lastMilliseconds = performance.now();
  };
}

async function renew(outbox: Pick<Outbox, 'renew'>, row: OutboxRow): Promise<void> {
  if (!(await outbox.renew(row))) throw new Error('Another dispatcher has claimed the row since.');
}
