// JSON that is the same bytes whoever writes it, so that equal values have equal hashes.

/**
 * Canonical JSON (RFC 8785): keys in the order of their UTF-16 code units, no white space, numbers and strings as
 * ECMAScript writes them. Members that are `undefined` are left out.
 *
 * @throws TypeError for what JSON cannot hold: numbers that are not finite, functions, symbols, bigints.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((element) => canonicalJson(element)).join(',')}]`;
  if (typeof value === 'object' && value !== null) return canonicalObject(value);
  const isPlain = value === null || typeof value === 'string' || typeof value === 'boolean';
  if (!isPlain && !Number.isFinite(value)) {
    throw new TypeError(
      `Canonical JSON cannot hold ${typeof value === 'number' ? 'a number that is not finite' : typeof value}.`,
    );
  }
  return JSON.stringify(value);
}

function canonicalObject(value: object): string {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
