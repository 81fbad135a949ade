// Texts that Postgres cannot hold are refused at the door: NUL characters and halves of surrogate pairs.
import { CodedError, type FieldProblem } from '../error.ts';
import { pointerPart } from './json-pointer.ts';

const unstorable = /[\0\p{Surrogate}]/u;

/**
 * Looks through a parsed body or query, keys included.
 *
 * @throws CodedError `invalid_request` with the path of the first such text.
 */
export function refuseUnstorableText(value: unknown): void {
  const problem = find(value, '');
  if (problem)
    throw new CodedError('invalid_request', 'A text holds a character that is none.', {
      problems: [problem],
    });
}

function find(value: unknown, path: string): FieldProblem | undefined {
  if (typeof value === 'string')
    return unstorable.test(value)
      ? { path, message: 'must not hold NUL or half a surrogate pair' }
      : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (unstorable.test(key))
      return { path, message: 'must not have a key with NUL or half a surrogate pair' };
    const problem = find(inner, `${path}/${pointerPart(key)}`);
    if (problem) return problem;
  }
  return undefined;
}
