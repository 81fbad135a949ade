// Headers that answers and requests have besides their bodies, as the document tells of them.
import { Type } from 'typebox';

const answerHeaders = {
  location: 'The path of what was created.',
  etag: 'The version of what is answered, for If-None-Match.',
  'idempotency-replayed': 'true where the answer is that to an earlier request with the key.',
  'preference-applied': 'The wait that was granted.',
  'accept-ranges': 'bytes: Range is heeded.',
  'content-range': 'Which bytes these are, of how many.',
  'content-disposition': 'The name to save the file under.',
  'retry-after': 'After so many seconds the request may be sent again.',
} as const;

export type HeaderName = keyof typeof answerHeaders;

/** The headers of an answer, each of which may be missing. */
export const headersOf = (...names: readonly HeaderName[]) => ({
  headers: Object.fromEntries(
    names.map((name) => [name, { type: 'string', description: answerHeaders[name] }]),
  ),
});

/** The answer to a request whose If-None-Match names what is there. */
export const notChanged = { description: 'Not changed.', type: 'null', ...headersOf('etag') } as const;

export const ifNoneMatch = {
  'if-none-match': Type.Optional(Type.String({ description: 'The ETag of an earlier answer.' })),
};
