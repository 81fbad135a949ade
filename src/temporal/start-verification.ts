// Starts the workflow of a verification that was asked for.
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import type { OutboxRow } from '../database/outbox.ts';
import type { VerificationRecord, VerificationReference } from '../database/verification-repository.ts';
import type { VerificationInput } from '../experiment/activity.ts';
import { taskQueues, workflowNames } from '../experiment/name.ts';

/**
 * @param withinClaim makes the call while the row is still to be delivered.
 * @throws what `withinClaim` throws, and Temporal's client while the server is away; CodedError `not_found` when the verification is gone.
 */
export async function startVerification(
  client: Client,
  { projectId, experimentId, subject }: OutboxRow,
  verificationOf: (reference: VerificationReference) => Promise<VerificationRecord>,
  withinClaim: (call: () => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  if (subject === null) return;
  const reference = { projectId, experimentId, verificationId: subject };
  const { state, fromStep, toStep } = await verificationOf(reference);
  if (state !== 'running') return;
  const input: VerificationInput = { ...reference, fromStep, toStep };
  try {
    await withinClaim(() =>
      client.workflow.start(workflowNames.verification, {
        workflowId: subject,
        taskQueue: taskQueues.coordinator,
        args: [input],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
      }),
    );
  } catch (error) {
    // Started before, by a delivery whose confirmation was lost: twice is once.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
