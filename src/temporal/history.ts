// The recorded history of an experiment's workflows, as the JSON that Temporal's own tools read and replay.
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { childWorkflowId } from '../experiment/name.ts';

/** Status code NOT_FOUND of gRPC (its documentation, "Status codes and their use"). */
const notFound = 5;

/** Histories by workflow id; only of workflows that ran. */
export interface ExperimentHistories {
  readonly formatVersion: 1;
  readonly workflows: Readonly<Record<string, unknown>>;
}

/**
 * Reads the histories of the coordinator and its children.
 *
 * @returns `undefined` while the coordinator has not closed: its history would lack the end.
 */
export async function readHistories(
  client: Client,
  experimentId: string,
): Promise<ExperimentHistories | undefined> {
  const { status } = await client.workflow.getHandle(experimentId).describe();
  if (status.name === 'RUNNING') return undefined;
  const workflows: Record<string, unknown> = {};
  for (const id of [
    experimentId,
    childWorkflowId.training(experimentId),
    childWorkflowId.evaluation(experimentId),
  ]) {
    try {
      workflows[id] = JSON.parse(historyToJSON(await client.workflow.getHandle(id).fetchHistory()));
    } catch (error) {
      // A child that was never started has no history.
      if (!isNotFound(error)) throw error;
    }
  }
  return { formatVersion: 1, workflows };
}

function isNotFound(error: unknown): boolean {
  const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
  return code === notFound;
}
