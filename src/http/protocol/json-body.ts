// Reads JSON bodies as what was sent: what a lenient reader would replace or pass over in silence is refused.
import type { FastifyRequest } from 'fastify';
import { CodedError } from '../../error.ts';
import { duplicateKey } from '../../json/duplicate-key.ts';
import type { App } from '../dependencies.ts';
import { quoted } from '../../json/quoted.ts';

const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Has the application take JSON bodies that are UTF-8 and name no key of an object twice. */
export function takeJsonBodies(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    let text: string;
    try {
      text = textOf(request, bytes);
    } catch (error) {
      done(error as Error);
      return;
    }
    void parse(request, text, (error, value) => {
      const key = error === null ? duplicateKey(text, Infinity) : undefined;
      done(key === undefined ? error : namedTwice(key), value);
    });
  });
}

/** @throws CodedError `unsupported_media_type`, `invalid_request`. */
function textOf({ headers }: FastifyRequest, bytes: Buffer): string {
  const [, name = 'utf-8'] = charset.exec(headers['content-type'] ?? '') ?? [];
  if (!/^utf-?8$/i.test(name)) throw new CodedError('unsupported_media_type', 'JSON is taken in UTF-8 only.');
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new CodedError('invalid_request', 'The body is not UTF-8.', { cause: error });
  }
}

function namedTwice(key: string): CodedError {
  return new CodedError('invalid_request', `An object of the body names the key ${quoted(key)} twice.`);
}
