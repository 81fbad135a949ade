// Finds a key that a JSON object names twice, which JSON.parse passes over in silence. Datasets, model files and the bodies of
// requests are checked for it.

/**
 * The first key that an object of a valid JSON text repeats.
 *
 * @param json a text that `JSON.parse` accepts.
 * @param deepest how deep objects are looked at; 1: the outermost one alone.
 */
export function duplicateKey(json: string, deepest = 1): string | undefined {
  /** Of each object or array around the place; no keys within an array, or deeper than is looked at. */
  const keys: (Set<string> | undefined)[] = [];
  let isKey = false;
  for (let index = 0; index < json.length; index += 1) {
    const character = json[index];
    if (character === '"') {
      const end = endOfString(json, index);
      const seen = isKey ? keys.at(-1) : undefined;
      if (seen) {
        const key = String(JSON.parse(json.slice(index, end + 1)));
        if (seen.has(key)) return key;
        seen.add(key);
      }
      isKey = false;
      index = end;
    } else if (character === '{' || character === '[') {
      isKey = character === '{';
      keys.push(isKey && keys.length < deepest ? new Set() : undefined);
    } else if (character === '}' || character === ']') {
      keys.pop();
    } else if (character === ',') {
      isKey = true;
    }
  }
  return undefined;
}

/** The index of the closing quote of the string that opens at `start`. */
export function endOfString(json: string, start: number): number {
  let index = start + 1;
  while (index < json.length && json[index] !== '"') index += json[index] === '\\' ? 2 : 1;
  return index;
}
