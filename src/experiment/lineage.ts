// The steps that a forked experiment took over, and the settings that each of its steps is made with.
import type { TrainingSpec } from './spec.ts';

/** Steps of another experiment, up to one. The part before it in the lineage tells where they begin. */
interface LineagePart {
  readonly experimentId: string;
  readonly untilStep: number;
  readonly training: TrainingSpec;
}

/** In the order of steps; empty for an experiment that is no fork. */
export type Lineage = readonly LineagePart[];

/** What of an experiment says how its steps are made. */
export interface TrainingHistory {
  readonly lineage: Lineage;
  readonly spec: { readonly training: TrainingSpec };
}

export interface SettingsInForce {
  readonly training: TrainingSpec;
  /** The last step that they are for; `null`: they are for all steps to come. */
  readonly untilStep: number | null;
}

/** The settings of the step after `steps`. */
export function settingsAfter(steps: number, { lineage, spec }: TrainingHistory): SettingsInForce {
  const part = lineage.find(({ untilStep }) => untilStep > steps);
  return part ?? { training: spec.training, untilStep: null };
}

/** The lineage of what is forked from an experiment after a step, at least the first. */
export function lineageOfFork(parent: TrainingHistory & { readonly id: string }, step: number): Lineage {
  const { training } = settingsAfter(step - 1, parent);
  return [
    ...parent.lineage.filter(({ untilStep }) => untilStep < step),
    { experimentId: parent.id, untilStep: step, training },
  ];
}
