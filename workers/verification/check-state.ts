// Holds a state that was computed again against the checkpoint that was kept of its step.
import { createHash } from 'node:crypto';
import type { BlobRef } from '../../src/experiment/blob.ts';
import { safetensorsFile } from '../../src/model/safetensors.ts';
import type { NamedTensor, TrainingState } from '../../src/training/job.ts';
import type { KeptCheckpoint } from './evidence.ts';

/**
 * @param base what the phase began with, computed again where the span begins with it. It makes up the result together with the
 * state: words that no example uses are nowhere else.
 * @returns what of the checkpoint is not as it was computed again; `undefined` where all is.
 */
export function differentPart(
  state: TrainingState,
  base: BlobRef,
  { manifest }: Pick<KeptCheckpoint, 'manifest'>,
): string | undefined {
  const { parameters, firstMoments, secondMoments } = manifest.blobs;
  if (base.sha256 !== manifest.blobs.base.sha256) return 'weights before the first step';
  if (hashOf(state.parameters) !== parameters.sha256) return 'weights';
  if (hashOf(state.firstMoments) !== firstMoments.sha256) return 'first moments';
  const second = state.secondMoments.length === 0 ? undefined : hashOf(state.secondMoments);
  if (second !== secondMoments?.sha256) return 'second moments';
  const { scale, momentum } = manifest.unusedWords;
  if (state.unusedWords.scale !== scale || state.unusedWords.momentum !== momentum) return 'unused words';
  return undefined;
}

/** As checkpoints name tensors: by the safetensors file that they are. */
function hashOf(tensors: readonly NamedTensor[]): string {
  const hash = createHash('sha256');
  for (const part of safetensorsFile(tensors).parts) hash.update(part);
  return `sha256:${hash.digest('hex')}`;
}
