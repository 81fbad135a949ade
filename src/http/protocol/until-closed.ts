// A signal for the end of an answer, however it ends: sent, its client gone, or the server about to close.
import type { ServerResponse } from 'node:http';

/**
 * Aborts when the answer's connection closes, the answer is sent, or the server closes. Made of listeners that end with the
 * answer: `AbortSignal.any` would tie each answer to a signal that lasts as long as the process.
 */
export function untilClosed(response: ServerResponse, closing: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (closing.aborted) abort();
  closing.addEventListener('abort', abort);
  response.once('close', () => {
    closing.removeEventListener('abort', abort);
    abort();
  });
  return controller.signal;
}
