// Ends the activity that a dead worker was at, so that Temporal need not wait until it has been silent for too long.
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';
import { workerLost } from '../experiment/name.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;

/** How Temporal's SDK names the worker of a process, where it is given no name. */
export const workerIdentity = (processId: number, host: string): string => `${processId}@${host}`;

/**
 * Fails what a worker was at for an experiment (preparing, training, evaluating) or a verification. An activity that has ended meanwhile, or that another worker has,
 * stays as it is.
 *
 * @param identity of a worker whose process is gone.
 * @returns how many activities were failed.
 * @throws what Temporal's client throws when the server does not answer.
 */
export async function failActivitiesOf(
  client: Client,
  experimentOrVerificationId: string,
  identity: string,
): Promise<number> {
  let failed = 0;
  for (const workflowId of await workflowsOf(client, experimentOrVerificationId)) {
    // The latest run: what its parent knows of it is the first, and a long training goes on in others.
    const { raw, runId } = await client.workflow.getHandle(workflowId).describe();
    const lost = (raw.pendingActivities ?? []).filter(
      ({ state, lastWorkerIdentity }) =>
        state === PendingActivityState.PENDING_ACTIVITY_STATE_STARTED && lastWorkerIdentity === identity,
    );
    for (const { activityId } of lost) {
      if (!activityId) continue;
      const failure = ApplicationFailure.retryable('The worker died.', workerLost);
      await client.activity.fail({ workflowId, runId, activityId }, failure);
      failed += 1;
    }
  }
  return failed;
}

/** Its coordinator's and those of its children that are running. */
async function workflowsOf(client: Client, id: string): Promise<readonly string[]> {
  try {
    const { raw } = await client.workflow.getHandle(id).describe();
    const children = (raw.pendingChildren ?? []).flatMap(({ workflowId }) => workflowId ?? []);
    return [id, ...children];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}
