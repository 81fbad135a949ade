// How large things are referred to: by the hash of their content.

/** Names a blob: `sha256:` and 64 lower-case hexadecimal digits, and its size. */
export interface BlobRef {
  readonly sha256: string;
  readonly sizeBytes: number;
}
