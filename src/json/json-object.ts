// An object of parsed JSON, whatever is in it.

/** Its fields, none of which is known. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a parsed value is an object, and neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
