// What the coordinator worker can run. The exported names are those of src/experiment/name.ts.
export { AuditWorkflow } from './audit.ts';
export { CoordinatorWorkflow } from './coordinator.ts';
export { EvaluationWorkflow } from './evaluation.ts';
export { PredictionWorkflow } from './prediction.ts';
export { TrainingWorkflow } from './training.ts';
export { VerificationWorkflow } from './verification.ts';
