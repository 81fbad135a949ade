// A signal for the end of an answer, however it ends: sent, or its client gone.
import type { ServerResponse } from 'node:http';

/** Aborts when the answer's connection closes or the answer is sent; at the latest then the listener is gone too. */
export function untilClosed(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  return controller.signal;
}
