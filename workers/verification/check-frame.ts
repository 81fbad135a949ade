// Holds what checkpoints say besides weights and moments against the experiment: no step that is computed again shows it.
import type { BlobRef } from '../../src/experiment/blob.ts';
import { settingsAfter } from '../../src/experiment/lineage.ts';
import { pretrainingSteps } from '../../src/experiment/steps.ts';
import { encodeIds } from '../../src/model/checkpoint-model.ts';
import { toHuggingFaceConfig } from '../../src/model/model-config.ts';
import { sha256Of } from '../../src/storage/blob-store.ts';
import { canonicalJson } from '../../src/json/canonical-json.ts';
import { phasePlan } from '../preparation/phase-plan.ts';
import { specSha256After } from '../preparation/specification-hash.ts';
import { profileAt, reading, type Evidence, type KeptCheckpoint } from './evidence.ts';
import type { InputsWith } from '../preparation/phase-inputs.ts';

/**
 * @returns which part of which checkpoint is another than the experiment's; `undefined` where none is.
 * @throws CodedError `blob_missing`, `blob_corrupt` naming the checkpoint whose configuration is broken.
 */
export async function differentFrame(
  evidence: Evidence,
  inputsWith: InputsWith,
): Promise<string | undefined> {
  for (const checkpoint of evidence.checkpoints) {
    const part = await differentField(evidence, inputsWith, checkpoint);
    if (part !== undefined)
      return `checkpoint of step ${checkpoint.step}: its ${part} is not that of the experiment`;
  }
  return undefined;
}

async function differentField(
  evidence: Evidence,
  inputsWith: InputsWith,
  { step, manifest }: KeptCheckpoint,
): Promise<string | undefined> {
  const { experimentId, snapshotSha256, spec, lineage } = evidence;
  const inputs = inputsWith(settingsAfter(step - 1, { spec, lineage }));
  const { training } = inputs.spec;
  const phase =
    step <= pretrainingSteps(training, inputs.manifest.splits.train.rows) ? 'pretraining' : 'training';
  const { head, recipe } = phasePlan(phase, inputs);
  const vocabulary = manifest.blobs.vocabulary && sha256Of(encodeIds(inputs.vocabulary));
  const fields: readonly (readonly [string, unknown, unknown])[] = [
    ['experiment', manifest.experimentId, experimentId],
    ['specification', manifest.specSha256, specSha256After(step - 1, { spec, lineage })],
    ['snapshot', manifest.snapshotSha256, snapshotSha256],
    ['numeric profile', manifest.profile, profileAt(evidence, step)],
    ['phase', manifest.phase, phase],
    ['number of steps', manifest.ledger.steps, step],
    ['LoRA', manifest.lora, recipe.lora],
    ['tokenizer', manifest.blobs.tokenizer, inputs.manifest.tokenizer],
    ['vocabulary', manifest.blobs.vocabulary?.sha256 ?? null, vocabulary],
    [
      'configuration',
      await configOf(evidence, { step, config: manifest.blobs.config }),
      toHuggingFaceConfig(inputs.config, inputs.manifest.labels, head.task),
    ],
  ];
  return fields.find(([, kept, expected]) => canonicalJson(kept) !== canonicalJson(expected))?.[0];
}

async function configOf(
  { blobs }: Evidence,
  { step, config }: { readonly step: number; readonly config: BlobRef },
): Promise<unknown> {
  const bytes = await reading(`checkpoint of step ${step}`, () => blobs.bytes(config));
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // Whatever is wrong with the text, it is no configuration.
    return null;
  }
}
