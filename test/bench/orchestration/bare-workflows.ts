// The shape of an experiment in the bare SDK: the same activities and child workflows in the same order, and nothing else.
import { executeChild, proxyActivities, workflowInfo } from '@temporalio/workflow';
import { bareQueueOf, type Kind } from './queues.ts';

interface Experiment {
  readonly projectId: string;
  readonly experimentId: string;
}

interface Activities {
  recordTransition(transition: Experiment & { state: string; sequence: number }): Promise<void>;
  publishReport(report: Experiment & { evaluation: unknown }): Promise<void>;
  snapshotDataset(experiment: Experiment): Promise<unknown>;
  fineTune(experiment: Experiment): Promise<unknown>;
  evaluate(experiment: Experiment): Promise<unknown>;
}

const on = (kind: Kind) =>
  proxyActivities<Activities>({
    taskQueue: bareQueueOf(kind),
    startToCloseTimeout: '1 h',
    heartbeatTimeout: '10 s',
  });
const coordinator = on('coordinator');
const training = on('training');
const evaluation = on('evaluation');

export async function BareExperiment(experiment: Experiment): Promise<unknown> {
  const { workflowId } = workflowInfo();
  let sequence = 0;
  const enter = (state: string): Promise<void> =>
    coordinator.recordTransition({ ...experiment, state, sequence: (sequence += 1) });
  await enter('preparing');
  const snapshot = await evaluation.snapshotDataset(experiment);
  await enter('training');
  await executeChild(BareTraining, { workflowId: `${workflowId}/training`, args: [experiment, snapshot] });
  await enter('evaluating');
  const result = await executeChild(BareEvaluation, {
    workflowId: `${workflowId}/evaluation`,
    args: [experiment, snapshot],
  });
  await coordinator.publishReport({ ...experiment, evaluation: result });
  await enter('succeeded');
  return result;
}

export function BareTraining(experiment: Experiment, _snapshot: unknown): Promise<unknown> {
  return training.fineTune(experiment);
}

export function BareEvaluation(experiment: Experiment, _snapshot: unknown): Promise<unknown> {
  return evaluation.evaluate(experiment);
}
