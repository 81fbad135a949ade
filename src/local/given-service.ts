// What the operator has given an address of: whether it answers is asked before anything that needs it is started.
import { setTimeout as delay } from 'node:timers/promises';
import { reasonOf } from '../thrown.ts';
import type { Tell } from './supervised-part.ts';

const pollMilliseconds = 500;
const limits = { noticeSeconds: 5, timeoutSeconds: 90 } as const;

export interface GivenService {
  /** What it is and where, without passwords. */
  readonly name: string;
  /** Throws unless it answers. */
  readonly check: () => Promise<void>;
}

/**
 * Resolves when a service answers. One that is silent is named after some seconds.
 *
 * @throws Error naming it, with the reason, after `timeoutSeconds`; the signal's reason when it is aborted.
 */
export async function untilAnswers(
  { name, check }: GivenService,
  tell: Tell,
  stopping: AbortSignal,
  { noticeSeconds, timeoutSeconds }: { noticeSeconds: number; timeoutSeconds: number } = limits,
): Promise<void> {
  const end = performance.now() + timeoutSeconds * 1000;
  let reason = 'no answer so far';
  const notice = setTimeout(
    () => tell(`${name} does not answer (${reason}); it is waited for, up to ${timeoutSeconds} s.`),
    noticeSeconds * 1000,
  );
  try {
    for (;;) {
      try {
        return await check();
      } catch (error) {
        reason = reasonOf(error);
      }
      stopping.throwIfAborted();
      if (performance.now() > end)
        throw new Error(
          `${name} did not answer within ${timeoutSeconds} s (${reason}): start it, or correct the variable.`,
        );
      await delay(pollMilliseconds);
    }
  } finally {
    clearTimeout(notice);
  }
}
