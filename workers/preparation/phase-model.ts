// The model that a phase of training begins with. What made it once makes the same bytes again.
import type { BlobRef } from '../../src/experiment/blob.ts';
import { checkpointTensors } from '../../src/model/checkpoint-model.ts';
import { safetensorsFile } from '../../src/model/safetensors.ts';
import type { CheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import { parameterSpecifications } from '../../src/training/bert/parameters.ts';
import { initialParameters } from '../../src/training/initial-parameters.ts';
import type { ModelHead, NamedTensor } from '../../src/training/job.ts';
import { modelLayout } from '../../src/training/model-layout.ts';
import { tensorInUse } from '../../src/training/trainable.ts';
import { configInUse } from '../../src/training/config-in-use.ts';
import type { PhaseInputs } from './phase-inputs.ts';
import type { PhasePlan } from './phase-plan.ts';
import { readStoredTensors, requireIntact } from './stored-tensors.ts';

/**
 * Every parameter before the first step of a phase.
 *
 * @param before the last checkpoint of the phase before; `undefined`: the phase is the first.
 * @param onProgress called as bytes come.
 * @throws CodedError `model_incompatible`; what the stores throw.
 */
export async function modelBefore(
  inputs: PhaseInputs,
  { head, recipe }: PhasePlan,
  before: CheckpointManifest | undefined,
  onProgress: () => void,
): Promise<readonly NamedTensor[]> {
  const given = await givenTensors(inputs, before, head, onProgress);
  return initialParameters({ config: inputs.config, head }, recipe.seeds.head, given, onProgress);
}

/** Stores a whole model, as {@link modelBefore} makes it. */
export function storeWholeModel(
  { blobs }: Pick<PhaseInputs, 'blobs'>,
  whole: readonly NamedTensor[],
  onProgress: () => void,
): Promise<BlobRef> {
  return blobs.putParts(safetensorsFile(whole).parts, onProgress);
}

/**
 * The tensors that a phase begins with: the experiment's model, or what the pretraining made of its encoder. A head of
 * another task or for other labels is left out, and drawn anew.
 */
async function givenTensors(
  { blobs, config, pretrained }: PhaseInputs,
  before: CheckpointManifest | undefined,
  head: ModelHead,
  onProgress: () => void,
): Promise<readonly NamedTensor[]> {
  const tensors =
    before === undefined ? await pretrained(onProgress) : await checkpointTensors(blobs, before, onProgress);
  const known = new Map(
    parameterSpecifications(config, head).map((specification) => [specification.name, specification]),
  );
  return tensors.filter(({ name, shape }) => {
    const specification = known.get(name);
    if (specification === undefined) return false;
    return specification.depth <= config.layers || shape.join() === specification.shape.join();
  });
}

/**
 * What a phase leaves as it is, out of the stored model that it began with. That is checked also where all of it is trained:
 * the model that comes of the training is put together with it.
 *
 * @throws CodedError `blob_missing`, `blob_corrupt`, `storage_unavailable`.
 */
export async function frozenTensors(
  { blobs, config }: PhaseInputs,
  base: BlobRef,
  { head, recipe }: PhasePlan,
  vocabulary: Int32Array | null,
  onProgress: () => void,
): Promise<readonly NamedTensor[]> {
  const { frozenShapes } = modelLayout(configInUse({ config, vocabulary }), head, recipe);
  if (frozenShapes.size === 0) {
    await requireIntact(blobs, base, onProgress);
    return [];
  }
  const tensors = await readStoredTensors(blobs, base, onProgress);
  return tensors
    .filter(({ name }) => frozenShapes.has(name))
    .map((tensor) => tensorInUse(tensor, { config, vocabulary }));
}
