// How deep JSON is nested. Whatever walks a value by calling itself ends with its stack on a deep one, so text of a user is
// measured before it is parsed.
import { endOfString } from './duplicate-key.ts';

/** Levels of arrays and objects that JSON of a user may have: far above any real file, far below any stack. */
export const deepestNesting = 100;

/** Whether a JSON text, valid or not, opens over {@link deepestNesting} arrays and objects within each other. */
export function isNestedTooDeep(json: string): boolean {
  let depth = 0;
  for (let index = 0; index < json.length; index += 1) {
    const character = json[index];
    if (character === '"') index = endOfString(json, index);
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth > deepestNesting) return true;
  }
  return false;
}
