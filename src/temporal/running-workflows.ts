// Which of the project's workflows are running in the namespace, as Temporal lists them.
import type { Client } from '@temporalio/client';
import { workflowNames } from '../experiment/name.ts';

export interface RunningWorkflow {
  readonly workflowId: string;
  readonly runId: string;
}

/** More than this many are not looked through for a sample. */
const mostListed = 10_000;
const pageSize = 1000;

/** Lists them, the newest first. Temporal's list follows what happens with a delay of up to some seconds. */
export async function* runningWorkflows(client: Client): AsyncGenerator<RunningWorkflow> {
  const types = Object.values(workflowNames).map((name) => `'${name}'`);
  const query = `ExecutionStatus = 'Running' AND WorkflowType IN (${types.join(', ')})`;
  for await (const { workflowId, runId } of client.workflow.list({ query, pageSize }))
    yield { workflowId, runId };
}

/** A workflow that another one of its experiment has started. */
export interface RunningChild extends RunningWorkflow {
  readonly parentWorkflowId: string;
  readonly parentRunId: string | undefined;
}

/** The running workflows of experiments. */
export interface RunningExperimentWorkflows {
  /** The ids of coordinators, which are those of experiments. */
  readonly coordinators: readonly string[];
  readonly children: readonly RunningChild[];
  /** Their ids are those of verifications. */
  readonly verifications: readonly RunningWorkflow[];
}

/** Lists them. Temporal's list follows what happens with a delay of up to some seconds. */
export async function runningExperimentWorkflows(client: Client): Promise<RunningExperimentWorkflows> {
  const { coordinator, training, evaluation, verification } = workflowNames;
  const types = [coordinator, training, evaluation, verification];
  const quoted = types.map((name) => `'${name}'`).join(', ');
  const query = `ExecutionStatus = 'Running' AND WorkflowType IN (${quoted})`;
  const coordinators: string[] = [];
  const children: RunningChild[] = [];
  const verifications: RunningWorkflow[] = [];
  for await (const { workflowId, runId, type, parentExecution } of client.workflow.list({
    query,
    pageSize,
  })) {
    if (type === coordinator) coordinators.push(workflowId);
    else if (type === verification) verifications.push({ workflowId, runId });
    else
      children.push({
        workflowId,
        runId,
        parentWorkflowId: parentExecution?.workflowId ?? workflowId.split('/', 1)[0] ?? '',
        parentRunId: parentExecution?.runId ?? undefined,
      });
  }
  return { coordinators, children, verifications };
}

/**
 * A sample of them: half of it the newest, which run the code of the last release, and half the oldest, which run that of
 * the earliest.
 */
export async function sampleRunningWorkflows(
  client: Client,
  size: number,
): Promise<readonly RunningWorkflow[]> {
  const listed: RunningWorkflow[] = [];
  for await (const workflow of runningWorkflows(client)) {
    listed.push(workflow);
    if (listed.length >= mostListed) break;
  }
  return newestAndOldest(listed, size);
}

/** @param listed the newest first. */
export function newestAndOldest<T>(listed: readonly T[], size: number): readonly T[] {
  if (listed.length <= size) return listed;
  const newest = Math.ceil(size / 2);
  return [...listed.slice(0, newest), ...listed.slice(listed.length - (size - newest))];
}
