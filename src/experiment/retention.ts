// Which checkpoints of an experiment are kept: the last ones, and those that a kept one needs.

/** More than are ever kept of one experiment: whoever asks for so many has them all. */
export const mostCheckpoints = 10_000;

/** A committed checkpoint, as far as that decides. */
export interface KeptCheckpoint {
  readonly step: number;
  /** Steps whose checkpoints are kept for as long as this one is. */
  readonly needsSteps: readonly number[];
}

/** What a checkpoint says when it is committed. */
export interface CheckpointRetention {
  /** The latest checkpoints to keep, at least 1. */
  readonly keepLast: number;
  readonly needsSteps: readonly number[];
}

/** What of an experiment's recipe decides. */
export interface RetentionSettings {
  readonly checkpoint: { readonly keepLast: number; readonly keepBest: boolean };
  readonly earlyStopping: object | null;
}

/**
 * What a checkpoint needs besides itself: the best one so far, which with early stopping is the result whatever
 * `keepBest` says, and the last one of the phase before, from which the phase's first model can be made again.
 *
 * @param bestStep of the evaluations so far; `undefined` before the first.
 * @param firstStep the steps before the checkpoint's phase, 0 in the first one.
 */
export function retentionOf(
  { checkpoint: { keepLast, keepBest }, earlyStopping }: RetentionSettings,
  bestStep: number | undefined,
  firstStep: number,
): CheckpointRetention {
  const needsBest = bestStep !== undefined && (keepBest || earlyStopping !== null);
  return {
    keepLast,
    needsSteps: [...(needsBest ? [bestStep] : []), ...(firstStep > 0 ? [firstStep] : [])],
  };
}

/**
 * The steps to remove when the checkpoint of `committedStep` is committed. Those after it stay and do not count: an attempt
 * passed over them because they are broken, and its own must not be the one that goes.
 *
 * @param checkpoints all that are committed, that of `committedStep` included.
 * @param pinned steps that other experiments need.
 */
export function stepsToRemove(
  checkpoints: readonly KeptCheckpoint[],
  committedStep: number,
  keepLast: number,
  pinned: ReadonlySet<number>,
): readonly number[] {
  const byStep = new Map(checkpoints.map((checkpoint) => [checkpoint.step, checkpoint]));
  const upTo = [...byStep.keys()].filter((step) => step <= committedStep).sort((a, b) => b - a);
  const kept = new Set<number>();
  const open = [
    ...[...byStep.keys()].filter((step) => step > committedStep || pinned.has(step)),
    ...upTo.slice(0, keepLast),
  ];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (kept.has(step)) continue;
    kept.add(step);
    open.push(...(byStep.get(step)?.needsSteps ?? []));
  }
  return upTo.filter((step) => !kept.has(step)).reverse();
}
