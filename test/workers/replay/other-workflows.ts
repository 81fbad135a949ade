// Workflow code of another release: under the project's name, a workflow that does something else first.
import { proxyActivities } from '@temporalio/workflow';
import { taskQueues } from '../../../src/experiment/name.ts';

const { somethingElse } = proxyActivities<{ somethingElse(): Promise<void> }>({
  taskQueue: taskQueues.evaluation,
  startToCloseTimeout: '1 h',
});

export async function CoordinatorWorkflow(): Promise<void> {
  await somethingElse();
}
