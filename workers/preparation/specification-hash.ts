// The hash of what determines the weights of a step, as checkpoints and proofs name it.
import { settingsAfter, type Lineage } from '../../src/experiment/lineage.ts';
import type { ExperimentSpec } from '../../src/experiment/spec.ts';
import { sha256Of } from '../../src/storage/blob-store.ts';
import { canonicalJson } from '../../src/json/canonical-json.ts';

/**
 * Of the step after `steps`. A name, tags and limits determine nothing; of a fork the settings of the steps that it took over do,
 * whichever experiment made them.
 */
export function specSha256After(
  steps: number,
  experiment: { readonly spec: ExperimentSpec; readonly lineage: Lineage },
): string {
  const { training, untilStep } = settingsAfter(steps, experiment);
  const { name: _name, tags: _tags, limits: _limits, ...spec } = experiment.spec;
  const determining = { ...spec, training };
  const before = experiment.lineage
    .filter((part) => untilStep === null || part.untilStep < untilStep)
    .map((part) => ({ untilStep: part.untilStep, training: part.training }));
  const settings = [...before.map((part) => part.training), training].map((each) => canonicalJson(each));
  // Settings that did not change are those of one training.
  const lineage = before.filter((_, index) => settings[index] !== settings[index + 1]);
  return sha256Of(canonicalJson(lineage.length === 0 ? determining : { ...determining, lineage }));
}
