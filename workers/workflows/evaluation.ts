// Evaluation of the trained model on the snapshot's evaluation split.
import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { EvaluationActivities, EvaluationResult } from '../../src/experiment/activity.ts';
import { taskQueues } from '../../src/experiment/name.ts';
import type { EvaluationWorkflowInput } from '../../src/experiment/workflow.ts';
import { heartbeatTimeout } from './heartbeat.ts';
import { once, untilSuccess } from './retry.ts';

/** Evaluates a trained model. Attempts that fail are tried again for as long as what they need is away. */
export async function EvaluationWorkflow(input: EvaluationWorkflowInput): Promise<EvaluationResult> {
  const { snapshot, carried, ...experiment } = input;
  const { evaluateBert } = proxyActivities<EvaluationActivities>({
    taskQueue: taskQueues.evaluation,
    startToCloseTimeout: '24 h',
    heartbeatTimeout: heartbeatTimeout(snapshot.evaluationBatchSeconds),
    retry: once,
  });
  return untilSuccess(
    input,
    () => evaluateBert(experiment),
    carried,
    (failed) => continueAsNew<typeof EvaluationWorkflow>({ ...input, carried: failed }),
  );
}
