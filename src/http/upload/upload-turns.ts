// How many uploads are taken at a time.
import type { FastifyRequest } from 'fastify';
import { CodedError } from '../../error.ts';
import { Turns } from '../../turns.ts';

const waitSeconds = 60;

/** Uploads that wait are not read meanwhile: their senders wait too. */
export function uploadTurns(atOnce: number): Turns {
  return new Turns({
    atOnce,
    waitSeconds,
    standstillSeconds: waitSeconds,
    refusal: () => new CodedError('too_many_uploads', `${atOnce} uploads are taken at a time.`),
  });
}

/**
 * Takes an upload when it is its turn. A sender that goes away while it waits gives its place up: nobody would ever send the
 * rest, for which its turn would last.
 *
 * @throws CodedError `too_many_uploads`; `invalid_request` when the sender went away; what the work throws.
 */
export async function takeUpload<T>(
  uploads: Turns,
  { raw }: Pick<FastifyRequest, 'raw'>,
  work: () => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  const leave = (): void => gone.abort(new CodedError('invalid_request', 'The body ended before its end.'));
  raw.once('close', leave);
  if (raw.destroyed) leave();
  return uploads.take(() => {
    raw.off('close', leave);
    return work();
  }, gone.signal);
}
