// JSON pointers (RFC 6901) to the wrong parts of a request.

/** A name as one part of a pointer (section 3). */
export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
