// How many uploads are taken at a time, and how long one may stand still.
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { CodedError } from '../../error.ts';
import { Turns } from '../../waiting/turns.ts';

const waitSeconds = 60;
const longestSilenceSeconds = 60;
/** A silence is noticed at most this share of it late. */
const looksASilence = 4;

/** The turns of uploads. Those that wait are not read meanwhile: their senders wait too. */
export class UploadTurns {
  readonly #turns: Turns;
  readonly #silenceSeconds: number;

  /** @param silenceSeconds the longest that a sender whose turn it is may send nothing. */
  constructor(atOnce: number, silenceSeconds = longestSilenceSeconds) {
    this.#silenceSeconds = silenceSeconds;
    this.#turns = new Turns({
      atOnce,
      waitSeconds,
      standstillSeconds: waitSeconds,
      refusal: () => new CodedError('too_many_uploads', `${atOnce} uploads are taken at a time.`),
    });
  }

  /**
   * Takes an upload when it is its turn. A sender that goes away while it waits gives its place up, and one that falls silent
   * loses its turn: nobody might ever send the rest, for which the turn would last.
   *
   * @throws CodedError `too_many_uploads`; `invalid_request` when the sender went away or fell silent; what the work throws.
   */
  async take<T>({ raw }: Pick<FastifyRequest, 'raw'>, work: () => Promise<T>): Promise<T> {
    const gone = new AbortController();
    const leave = (): void => gone.abort(new CodedError('invalid_request', 'The body ended before its end.'));
    raw.once('close', leave);
    if (raw.destroyed) leave();
    return this.#turns.take(async () => {
      raw.off('close', leave);
      const stopWatching = endSilentSender(raw, this.#silenceSeconds);
      try {
        return await work();
      } finally {
        stopWatching();
      }
    }, gone.signal);
  }
}

/** Cuts the connection of a sender that sends nothing though all that came was read. @returns a function that ends the watch. */
function endSilentSender(raw: IncomingMessage, silenceSeconds: number): () => void {
  let bytes = -1;
  let since = performance.now();
  const look = (): void => {
    const { bytesRead } = raw.socket;
    // What was sent and not read yet waits for this process, or for the store.
    if (bytesRead !== bytes || raw.readableLength > 0 || raw.complete) {
      bytes = bytesRead;
      since = performance.now();
      return;
    }
    if (performance.now() - since >= silenceSeconds * 1000) raw.socket.destroy();
  };
  const timer = setInterval(look, (silenceSeconds * 1000) / looksASilence);
  return () => clearInterval(timer);
}
