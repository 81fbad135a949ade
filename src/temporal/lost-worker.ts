// Ends the activity that a dead worker was at, so that Temporal need not wait until it has been silent for too long.
import { ActivityNotFoundError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';
import { workerLost } from '../experiment/name.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;

/** How Temporal's SDK names the worker of a process, where it is given no name. */
export const workerIdentity = (processId: number, host: string): string => `${processId}@${host}`;

/**
 * Fails what workers were at for an experiment (preparing, training, evaluating) or a verification. What has ended meanwhile stays as
 * it is.
 *
 * Temporal fails an activity by its id, whoever works at it then. Each attempt of an experiment has an id of its own, and one that
 * another worker has is left alone. A verification keeps its id: where its next try begins between the look and the failing, some
 * milliseconds, that try is failed instead. It costs one of the ten tries, and nothing that was kept.
 *
 * @param identities of workers whose processes are gone.
 * @returns how many activities were failed.
 * @throws what Temporal's client throws when the server does not answer.
 */
export async function failActivitiesOf(
  client: Client,
  experimentOrVerificationId: string,
  identities: readonly string[],
): Promise<number> {
  const own = await unlessGone(client.workflow.getHandle(experimentOrVerificationId).describe());
  const children = (own?.raw.pendingChildren ?? []).flatMap(({ workflowId }) => workflowId ?? []);
  let failed = 0;
  for (const workflowId of [experimentOrVerificationId, ...children]) {
    // The latest run: what its parent knows of it is the first, and a long training goes on in others.
    const described = await unlessGone(client.workflow.getHandle(workflowId).describe());
    if (described === undefined) continue;
    const { raw, runId } = described;
    const lost = (raw.pendingActivities ?? []).filter(
      ({ state, lastWorkerIdentity }) =>
        state === PendingActivityState.PENDING_ACTIVITY_STATE_STARTED &&
        identities.includes(lastWorkerIdentity ?? ''),
    );
    for (const { activityId } of lost) {
      if (!activityId) continue;
      const failure = ApplicationFailure.retryable('The worker died.', workerLost);
      const failing = client.activity.fail({ workflowId, runId, activityId }, failure).then(() => true);
      if (await unlessGone(failing)) failed += 1;
    }
  }
  return failed;
}

/** What was asked of Temporal; `undefined` where the workflow or the activity has ended, or is forgotten. */
async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || error instanceof ActivityNotFoundError) return undefined;
    throw error;
  }
}
