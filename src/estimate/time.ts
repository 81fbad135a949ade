// How long a step takes on a machine: the time of the machine of reference, scaled by what the machine was seen to take.
import type { EstimatedTraining } from './model.ts';
import type { StepWorkload } from './workload.ts';

/**
 * Seconds of each unit on the machine of reference, one core of an AMD EPYC with AVX2. Fitted to measured runs
 * (scripts/bench-estimate.mjs prints them anew); only their proportions matter for a machine that has trained itself.
 */
const referenceSeconds: StepWorkload = {
  denseOperations: 9.12e-12,
  scores: 6.16e-9,
  elements: 2.42e-9,
  updatedValues: 3.5e-10,
  partValues: 0,
  layerRuns: 0,
};

/** What a worker told of the last training that it ran. */
export interface MachineSpeed {
  /** Of {@link trainedSizes}. */
  readonly sizesSha256: string;
  readonly workload: StepWorkload;
  readonly stepSeconds: number;
}

/** Seconds that a workload takes on the machine of reference. */
export function referenceStepSeconds(workload: StepWorkload): number {
  return Object.entries(referenceSeconds).reduce(
    (sum, [name, seconds]) => sum + seconds * workload[name as keyof StepWorkload],
    0,
  );
}

/** What makes two trainings alike in speed: equal sizes give equal hashes. The vocabulary and the batch are in the workload. */
export function trainedSizes({ config, head, recipe }: EstimatedTraining): object {
  const { family, hiddenSize, layers, heads, intermediateSize } = config;
  const { freeze, lora, optimizer, dropout } = recipe;
  return {
    model: { family, hiddenSize, layers, heads, intermediateSize },
    task: head.task,
    trained: { freeze, loraRank: lora?.rank ?? 0, optimizer: optimizer.name, drops: dropout > 0 },
  };
}

/**
 * The observation to go by: the first of equal sizes, else the one that is nearest by operations a step.
 * @param speeds the latest first.
 */
function nearest(
  workload: StepWorkload,
  sizesSha256: string,
  speeds: readonly MachineSpeed[],
): MachineSpeed | undefined {
  const distance = (speed: MachineSpeed): number =>
    Math.abs(Math.log(speed.workload.denseOperations / workload.denseOperations));
  const equal = speeds.find((speed) => speed.sizesSha256 === sizesSha256);
  return equal ?? [...speeds].sort((one, other) => distance(one) - distance(other))[0];
}

/**
 * How many times as long as the machine of reference the machines of the observations take.
 * @returns null where nothing was observed.
 */
export function machineFactor(
  workload: StepWorkload,
  sizesSha256: string,
  speeds: readonly MachineSpeed[],
): number | null {
  const speed = nearest(workload, sizesSha256, speeds);
  return speed === undefined ? null : speed.stepSeconds / referenceStepSeconds(speed.workload);
}
