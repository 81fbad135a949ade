// Evaluation of the trained model on the snapshot's evaluation split.
import { proxyActivities } from '@temporalio/workflow';
import type {
  EvaluationActivities,
  EvaluationResult,
  ExperimentReference,
} from '../../src/experiment/activity.ts';
import { taskQueues } from '../../src/experiment/name.ts';
import { machineRetry } from './retry.ts';

const { evaluateBert } = proxyActivities<EvaluationActivities>({
  taskQueue: taskQueues.evaluation,
  startToCloseTimeout: '24 h',
  heartbeatTimeout: '15 s',
  retry: machineRetry,
});

export async function EvaluationWorkflow(input: ExperimentReference): Promise<EvaluationResult> {
  return evaluateBert(input);
}
