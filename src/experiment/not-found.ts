// The refusal of an id that nothing of the project has.
import { CodedError, type FieldProblem } from '../error.ts';

/** Ids come from whoever asks: so much of one is repeated, which is more than a real one has. */
const mostCharacters = 60;

/**
 * `not_found` for what is named by its id.
 *
 * @param problems where in the request the id stands.
 */
export function notFound(
  kind: 'experiment' | 'dataset' | 'model' | 'verification',
  id: string,
  problems: readonly FieldProblem[] = [],
): CodedError {
  return new CodedError('not_found', `There is no ${kind} ${id.slice(0, mostCharacters)}.`, { problems });
}
