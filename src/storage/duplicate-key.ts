// Finds a key that a JSON object names twice, which JSON.parse passes over in silence. Datasets and model files are both
// checked for it; it lies with storage because that is what both of them build on and neither builds on the other.

/**
 * The first key that the outermost object of a valid JSON text repeats.
 *
 * @param json a text that `JSON.parse` accepts.
 */
export function duplicateKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  let isKey = false;
  for (let index = 0; index < json.length; index += 1) {
    const character = json[index];
    if (character === '"') {
      const end = endOfString(json, index);
      if (isKey && depth === 1) {
        const key = String(JSON.parse(json.slice(index, end + 1)));
        if (seen.has(key)) return key;
        seen.add(key);
      }
      isKey = false;
      index = end;
    } else if (character === '{' || character === '[') {
      depth += 1;
      isKey = character === '{';
    } else if (character === '}' || character === ']') {
      depth -= 1;
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
