// How many uploads are taken at a time.
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
