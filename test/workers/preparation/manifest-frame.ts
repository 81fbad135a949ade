// What is the same in every manifest of an attempt, made up.
import { profileOf } from '../../database/fixture.ts';
import { sha256Of } from '../../../src/storage/blob-store.ts';
import type { ManifestFrame } from '../../../workers/preparation/checkpoint-frame.ts';

const blob = (content: string) => ({ sha256: sha256Of(content), sizeBytes: content.length });

/** A frame whose blobs are not in any store. */
export function manifestFrame(
  experimentId: string,
  profile: ManifestFrame['profile'] = profileOf(1),
): ManifestFrame {
  return {
    experimentId,
    phase: 'training',
    profile,
    snapshotSha256: sha256Of('snapshot'),
    specSha256: sha256Of('spec'),
    lora: null,
    base: blob('b'),
    vocabulary: null,
    config: blob('c'),
    tokenizer: blob('t'),
  };
}
