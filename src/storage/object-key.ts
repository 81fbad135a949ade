// Under which keys the objects of this service lie, and what a key says of its object.
import { hexadecimal } from '../experiment/blob.ts';

/** Written by a store's check of itself. */
export const readinessKey = 'readiness';

/** Of a step, so that the order of keys is the order of steps. */
const stepDigits = 12;
const blobPattern = /^projects\/([^/]+)\/blobs\/sha256\/[0-9a-f]{2}\/([0-9a-f]{64})$/u;
const manifestPattern = /^checkpoints\/([^/]+)\/([^/]+)\/(\d+)-([0-9a-f]{64})\.json$/u;

/** What all blobs of a project, and uploads to it, begin with. Projects do not share blobs: one could otherwise probe for another's. */
export const projectPrefix = (projectId: string): string => `projects/${projectId}/`;

/** @param prefix of the project. */
export const blobPrefix = (prefix: string): string => `${prefix}blobs/sha256/`;

/** Of uploads that have not ended. @param prefix of the project. */
export const incomingPrefix = (prefix: string): string => `${prefix}incoming/`;

/** @param prefix of the project. @param sha256 of the blob, `sha256:…`. */
export function blobKey(prefix: string, sha256: string): string {
  const digits = hexadecimal(sha256);
  return `${blobPrefix(prefix)}${digits.slice(0, 2)}/${digits}`;
}

/** What the manifests of a project's checkpoints begin with. */
export const manifestPrefix = (projectId: string): string => `checkpoints/${projectId}/`;

/** @param id of the manifest, `sha256:…` of its bytes. */
export const manifestKey = (projectId: string, experimentId: string, step: number, id: string): string =>
  `${manifestPrefix(projectId)}${experimentId}/${String(step).padStart(stepDigits, '0')}-${hexadecimal(id)}.json`;

/** What a key says of its object. */
export type KeyMeaning =
  | { readonly kind: 'blob'; readonly projectId: string; readonly sha256: string }
  | {
      readonly kind: 'manifest';
      readonly projectId: string;
      readonly experimentId: string;
      readonly step: number;
      readonly sha256: string;
    };

/** @returns `undefined` for a key that is neither a blob's nor a manifest's. */
export function meaningOf(key: string): KeyMeaning | undefined {
  const [, blobProject, blobDigits] = blobPattern.exec(key) ?? [];
  if (blobProject !== undefined)
    return { kind: 'blob', projectId: blobProject, sha256: `sha256:${blobDigits}` };
  const [, projectId, experimentId = '', step, digits] = manifestPattern.exec(key) ?? [];
  if (projectId === undefined) return undefined;
  return { kind: 'manifest', projectId, experimentId, step: Number(step), sha256: `sha256:${digits}` };
}
