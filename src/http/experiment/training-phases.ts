// Which steps of an experiment belong to its pretraining: the loss of one phase is not of the scale of the other's.
import type { ExperimentRecord } from '../../database/experiment-record.ts';
import { pretrainingSteps } from '../../experiment/steps.ts';
import type { TrainingPhase } from '../../storage/checkpoint-manifest.ts';

/** The steps from one on, both ends included. */
export interface PhaseSteps {
  readonly phase: TrainingPhase;
  readonly fromStep: number;
  /** `null`: up to the last. */
  readonly toStep: number | null;
}

type Phased = Pick<ExperimentRecord, 'spec' | 'snapshot'>;

/** The phases in their order; `null` where there is no pretraining, or nothing is known of the rows yet. */
export function trainingPhases({ spec, snapshot }: Phased): readonly PhaseSteps[] | null {
  const { training } = spec;
  if (training.pretraining === null || snapshot === null) return null;
  const last = pretrainingSteps(training, snapshot.rows.train);
  return [
    { phase: 'pretraining', fromStep: 1, toStep: last },
    { phase: 'training', fromStep: last + 1, toStep: null },
  ];
}

/**
 * The phase of an attempt, which trains in one only.
 *
 * @param startStep the step that it goes on from; `null` before it is known.
 */
export function phaseOfAttempt(experiment: Phased, startStep: number | null): TrainingPhase | null {
  if (experiment.spec.training.pretraining === null) return 'training';
  const [pretraining] = trainingPhases(experiment) ?? [];
  if (pretraining === undefined || startStep === null) return null;
  return startStep < (pretraining.toStep ?? 0) ? 'pretraining' : 'training';
}
