// Imported by journeys through restarts of PostgreSQL: as a user's client does, requests are made again while the service answers
// that it is away.
import { setTimeout as delay } from 'node:timers/promises';

const patienceSeconds = 60;
const pauseMilliseconds = 500;

const fetchOnce = globalThis.fetch;

/** A request whose body is a stream can be sent once only; those of the client are not. */
globalThis.fetch = async (input, init) => {
  const last = performance.now() + patienceSeconds * 1000;
  for (;;) {
    const attempt = input instanceof Request ? input.clone() : input;
    const response = await fetchOnce(attempt, init);
    if (response.status !== 503 || performance.now() > last) return response;
    await response.body?.cancel();
    await delay(pauseMilliseconds);
  }
};
