// The types of every activity: all that workflows know of the world outside. Only ids, hashes, counts and
// small numbers pass here; large things go by reference through the object store.
import type { StepSpan, Verdict } from './verification.ts';
import type { PredictionItem, PredictionTexts } from './prediction.ts';
import type { ExperimentAudit } from './replay.ts';
import type { ExperimentState } from './state.ts';

/** Which experiment an activity works for. */
export interface ExperimentReference {
  readonly projectId: string;
  readonly experimentId: string;
}

/** An experiment whose training is over. */
export interface TrainedExperiment extends ExperimentReference {
  /** Of its last checkpoint. Recorded histories that leave it out must replay. */
  readonly trainedStep?: number;
}

export interface PreparedSnapshot {
  readonly sha256: string;
  readonly totalSteps: number;
  /** Cautious guesses: how long the longest training step, and the longest batch of evaluation, may take. */
  readonly stepSeconds: number;
  readonly evaluationBatchSeconds: number;
}

export interface CommittedCheckpoint {
  readonly step: number;
  /** `sha256:…` of the manifest. */
  readonly id: string;
}

/** What the training activity tells its workflow: from where it goes on, and each checkpoint it commits. */
export interface CheckpointNotice {
  /** `null` when training starts from its first step. */
  readonly checkpoint: CommittedCheckpoint | null;
  /** The longest run of the engine that was measured, or `null` before the first. */
  readonly longestRunSeconds: number | null;
}

export interface FineTuneResult {
  /** `completed`: all steps done. `handedBack`: the worker is stopping and another must go on. */
  readonly outcome: 'completed' | 'handedBack';
  readonly checkpoint: CommittedCheckpoint | null;
}

export interface EvaluationResult {
  /** `sha256:…` of the evaluation: metrics, tables and the reference to every row's prediction. */
  readonly evaluationSha256: string;
}

/** The end of an experiment that did not succeed, as users see it. */
export interface ExperimentFailure {
  readonly code: string;
  readonly message: string;
}

/** One step of the experiment's state as the workflow counts it. */
export interface StateTransition extends ExperimentReference {
  /** Counts from 1; the database applies a transition only when this is greater than the last. */
  readonly sequence: number;
  readonly state: ExperimentState;
  readonly error: ExperimentFailure | null;
}

/** What of a transition the history has, where the activity that recorded it leaves no more there than its result. */
export type RecordedTransition = Pick<StateTransition, 'sequence' | 'error'>;

/** On the coordinator queue: short, and tried for as long as the database is away. */
export interface CoordinatorActivities {
  /** Projects a transition into Postgres; a late or repeated one changes nothing. */
  recordTransition(transition: StateTransition): Promise<RecordedTransition>;
  /** Ends an attempt whose worker is lost: who still holds its lease can write no more. */
  revokeAttempt(experiment: ExperimentReference): Promise<void>;
  /** Writes the final report and makes it the experiment's result. */
  publishReport(input: TrainedExperiment & { readonly evaluation: EvaluationResult }): Promise<void>;
}

/** On the coordinator queue too: for a user who waits. */
export interface AuditActivities {
  /** Replays everything recorded of an experiment's workflows against the worker's workflow code. */
  auditHistories(experiment: ExperimentReference): Promise<ExperimentAudit>;
}

/** On the evaluation queue: CPU and I/O. */
export interface EvaluationActivities {
  snapshotDataset(input: ExperimentReference): Promise<PreparedSnapshot>;
  evaluateBert(input: TrainedExperiment): Promise<EvaluationResult>;
}

export type PredictionInput = ExperimentReference & PredictionTexts;

/** On the evaluation queue too: short, and for a user who waits. */
export interface PredictionActivities {
  /** With the model of the experiment's result; one item a text, in their order. */
  predict(input: PredictionInput): Promise<readonly PredictionItem[]>;
}

/** On the training queue: one at a time a worker. */
export interface TrainingActivities {
  fineTuneBert(input: ExperimentReference): Promise<FineTuneResult>;
}

/** Which steps of an experiment to verify, and under which id. */
export type VerificationInput = ExperimentReference & StepSpan & { readonly verificationId: string };

/** On the training queue too: nothing of the experiment changes. */
export interface TrainingVerificationActivities {
  /** Computes the steps again. */
  verifySteps(input: VerificationInput): Promise<{ readonly verdict: Verdict; readonly host: string }>;
}

/** On the coordinator queue. */
export interface CoordinatorVerificationActivities {
  recordVerdict(
    input: VerificationInput & { readonly verdict: Verdict; readonly host: string | null },
  ): Promise<void>;
}
