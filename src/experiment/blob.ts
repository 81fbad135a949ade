// How large things are referred to: by the hash of their content.

/** A hash as it is written everywhere. */
export const sha256Pattern = '^sha256:[0-9a-f]{64}$';

/** The digits of a `sha256:…`. */
export const hexadecimal = (sha256: string): string => sha256.replace('sha256:', '');

/** Names a blob: `sha256:` and 64 lower-case hexadecimal digits, and its size. */
export interface BlobRef {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Keeps blobs from collection, from before it is asked whether they are stored. */
export type PinBlobs = (sha256s: readonly string[]) => Promise<void>;
