// Every name that Temporal knows of: queues, workflows, signals, queries and activities.
// A name is part of recorded histories: renaming one breaks the replay of running experiments.

import type {
  AuditActivities,
  CoordinatorActivities,
  EvaluationActivities,
  CoordinatorVerificationActivities,
  PredictionActivities,
  TrainingActivities,
  TrainingVerificationActivities,
} from './activity.ts';

export const taskQueues = {
  coordinator: 'bert-coordinator-task-queue',
  training: 'bert-training-task-queue',
  evaluation: 'bert-eval-task-queue',
} as const;

export type TaskQueue = (typeof taskQueues)[keyof typeof taskQueues];

export const workflowNames = {
  coordinator: 'CoordinatorWorkflow',
  training: 'TrainingWorkflow',
  evaluation: 'EvaluationWorkflow',
  prediction: 'PredictionWorkflow',
  audit: 'AuditWorkflow',
  verification: 'VerificationWorkflow',
} as const;

export const signalNames = {
  /** To the coordinator: the user asked for the end of the experiment. */
  cancel: 'cancel',
  /** To the coordinator: training is to stop for a while. From there to the training workflow, which then ends. */
  pause: 'pause',
  /** To the coordinator: a pause is over, or not wanted any more. */
  resume: 'resume',
  /** To the training workflow: a checkpoint's row is committed. */
  checkpointCommitted: 'checkpointCommitted',
} as const;

export const queryNames = {
  progress: 'progress',
  latestCheckpoint: 'latestCheckpoint',
} as const;

/** Of Temporal's search; all are keywords. */
export const searchAttributeNames = {
  state: 'ExperimentState',
  name: 'ExperimentName',
  model: 'ExperimentModel',
  dataset: 'ExperimentDataset',
} as const;

/** What workflows call, by the queue that serves it; the implementations are in workers/activities. */
export const activityNames = {
  coordinator: ['recordTransition', 'revokeAttempt', 'publishReport', 'auditHistories', 'recordVerdict'],
  training: ['fineTuneBert', 'verifySteps'],
  evaluation: ['snapshotDataset', 'evaluateBert', 'predict'],
} as const satisfies {
  readonly coordinator: readonly (
    keyof CoordinatorActivities | keyof AuditActivities | keyof CoordinatorVerificationActivities
  )[];
  readonly training: readonly (keyof TrainingActivities | keyof TrainingVerificationActivities)[];
  readonly evaluation: readonly (keyof EvaluationActivities | keyof PredictionActivities)[];
};

/** The type of the failure of an activity whose worker died: told by the worker that took its place. */
export const workerLost = 'worker_lost';

/** The id of a child workflow follows from its experiment's, so that people find it. */
export const childWorkflowId = {
  /** @param round counts from 1: each pause ends one, and what follows it is the next. */
  training: (experimentId: string, round: number): string =>
    round === 1 ? `${experimentId}/training` : `${experimentId}/training-${round}`,
  evaluation: (experimentId: string): string => `${experimentId}/evaluation`,
} as const;
