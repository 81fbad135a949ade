// What goes into workflows, what comes out, and what queries answer.
import type {
  CommittedCheckpoint,
  ExperimentReference,
  PreparedSnapshot,
  TrainedExperiment,
} from './activity.ts';
import type { ExperimentState } from './state.ts';

export interface ExperimentWorkflowInput extends ExperimentReference {
  /** Where the experiment stands already: set when an earlier workflow of it was lost. */
  readonly continued?: CoordinatorProgress;
  /** Of the order that started it, from which on others count; left out by processes of version 0.2 and before. */
  readonly orderNumber?: number;
  /** After so long, pauses left out, it fails with `duration_exceeded`; left out: never. */
  readonly durationSeconds?: number;
  /** Set when a workflow that became long while it prepared goes on as a new one. */
  readonly carried?: CarriedPreparation;
}

/** What a new run of an experiment's workflow must know of the run before, besides where it stands. */
interface CarriedPreparation {
  readonly failed: FailedAttempts;
  readonly pauses: CountedPauses;
  /** What was left of `durationSeconds`; left out with it. */
  readonly durationLeftSeconds?: number;
}

/** Attempts that came to nothing, since one that did not. */
export interface FailedAttempts {
  /** Those that count: ten of them are given up. */
  readonly fruitless: number;
  /** The last ones in a row that ended since what they need is away. */
  readonly away: number;
}

/** What a workflow was asked for about pausing, counted from its beginning. */
export interface CountedPauses {
  /** The number of the last order. */
  readonly lastOrder: number;
  readonly pauses: number;
  readonly resumes: number;
  /** Pauses that were acted on. */
  readonly actedOn: number;
}

export type CoordinatorResult =
  | { readonly state: 'succeeded'; readonly evaluationSha256: string }
  | { readonly state: 'failed'; readonly code: string }
  | { readonly state: 'cancelled' };

export interface EvaluationWorkflowInput extends TrainedExperiment {
  readonly snapshot: PreparedSnapshot;
  /** Set when a long workflow goes on as a new one. */
  readonly carried?: FailedAttempts;
}

export interface TrainingWorkflowInput extends ExperimentReference {
  readonly snapshot: PreparedSnapshot;
  /** Set when a long workflow, or one that was paused, goes on as a new one. */
  readonly carried?: TrainingProgress;
}

/** How a training workflow ends. Recorded histories that leave the outcome out must replay: they mean `completed`. */
export interface TrainingResult extends TrainingProgress {
  readonly outcome?: 'completed' | 'paused';
}

/** Steps are those of committed checkpoints: what would survive a crash now. */
export interface TrainingProgress {
  readonly attempts: number;
  readonly latestCheckpoint: CommittedCheckpoint | null;
  /** Attempts in a row that ended through a fault of the machine without a new checkpoint. */
  readonly fruitlessAttempts: number;
  /** The last ones in a row that ended since what they need is away; left out by what version 0.2 and before carried. */
  readonly awayAttempts?: number;
  readonly longestRunSeconds: number | null;
}

/** Answer of the coordinator's `progress` query. */
export interface CoordinatorProgress {
  readonly state: ExperimentState;
  readonly sequence: number;
}
