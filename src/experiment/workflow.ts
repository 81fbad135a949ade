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
}

export type CoordinatorResult =
  | { readonly state: 'succeeded'; readonly evaluationSha256: string }
  | { readonly state: 'failed'; readonly code: string }
  | { readonly state: 'cancelled' };

export interface EvaluationWorkflowInput extends TrainedExperiment {
  readonly snapshot: PreparedSnapshot;
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
  readonly longestRunSeconds: number | null;
}

/** Answer of the coordinator's `progress` query. */
export interface CoordinatorProgress {
  readonly state: ExperimentState;
  readonly sequence: number;
}
