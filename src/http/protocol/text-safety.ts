// What Postgres cannot hold, or a stack cannot walk, is refused at the door: NUL characters, halves of surrogate pairs and
// values that are nested too deep.
import { CodedError, type FieldProblem } from '../../error.ts';
import { deepestNesting } from '../../json/nesting.ts';
import { pointerPart } from './json-pointer.ts';

const unstorable = /[\0\p{Surrogate}]/u;

/**
 * Looks through a parsed body or query, keys included.
 *
 * @throws CodedError `invalid_request` with the path of the first such text, or for a value that is nested too deep.
 */
export function refuseUnstorableText(value: unknown): void {
  const problem = find(value, '', 0);
  if (problem)
    throw new CodedError('invalid_request', 'A text holds a character that is none.', {
      problems: [problem],
    });
}

function find(value: unknown, path: string, depth: number): FieldProblem | undefined {
  if (typeof value === 'string')
    return unstorable.test(value)
      ? { path, message: 'must not hold NUL or half a surrogate pair' }
      : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === deepestNesting)
    throw new CodedError('invalid_request', `The body is nested over ${deepestNesting} levels deep.`);
  for (const [key, inner] of Object.entries(value)) {
    if (unstorable.test(key))
      return { path, message: 'must not have a key with NUL or half a surrogate pair' };
    const problem = find(inner, `${path}/${pointerPart(key)}`, depth + 1);
    if (problem) return problem;
  }
  return undefined;
}
