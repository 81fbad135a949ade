// Predictions through Temporal: starts the workflow that hands the texts to a worker, and waits for its answer.
import {
  isGrpcCancelledError,
  isGrpcDeadlineError,
  WorkflowFailedError,
  type Client,
  type Connection,
  type WorkflowHandle,
} from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { CodedError, errorDefinitions, type ErrorCode } from '../error.ts';
import type { PredictionInput } from '../experiment/activity.ts';
import { newPredictionId } from '../experiment/id.ts';
import { taskQueues, workflowNames } from '../experiment/name.ts';
import type { PredictionItem } from '../experiment/prediction.ts';

const startTimeoutSeconds = 5;

export interface PredictionWait {
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly timeoutSeconds: number;
}

/**
 * Asks for predictions; nothing is asked twice.
 *
 * @throws CodedError `temporal_unavailable` when the work could not be handed on; `prediction_unavailable` when no answer
 * came in time, the wait was ended or the worker stopped; whatever the worker found wrong.
 */
export async function predictThrough(
  connection: Connection,
  client: Client,
  input: PredictionInput,
  { signal, timeoutSeconds }: PredictionWait,
): Promise<readonly PredictionItem[]> {
  const end = AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]);
  const handle = await start(connection, client, input, { signal: end, timeoutSeconds });
  try {
    // Not by a deadline: near its end the server would answer at once, and be asked again and again.
    return await connection.withAbortSignal(
      end,
      // The workflow's result is what its activity answers; both have one type.
      () => handle.result() as Promise<readonly PredictionItem[]>,
    );
  } catch (error) {
    throw codedFailure(error);
  }
}

async function start(
  connection: Connection,
  client: Client,
  input: PredictionInput,
  { signal, timeoutSeconds }: PredictionWait,
): Promise<WorkflowHandle> {
  try {
    return await connection.withDeadline(Date.now() + startTimeoutSeconds * 1000, () =>
      connection.withAbortSignal(signal, () =>
        client.workflow.start(workflowNames.prediction, {
          workflowId: newPredictionId(),
          taskQueue: taskQueues.coordinator,
          workflowExecutionTimeout: `${timeoutSeconds} s`,
          args: [input],
        }),
      ),
    );
  } catch (cause) {
    throw new CodedError('temporal_unavailable', 'The texts could not be handed on.', { cause });
  }
}

function codedFailure(error: unknown): CodedError {
  const ends = isGrpcDeadlineError(error) || isGrpcCancelledError(error);
  if (!ends && !(error instanceof WorkflowFailedError))
    return new CodedError('temporal_unavailable', 'Temporal does not answer.', { cause: error });
  const root = ends ? error : rootOf(error);
  if (root instanceof ApplicationFailure && isCode(root.type)) return new CodedError(root.type, root.message);
  const isLate = ends || root instanceof TimeoutFailure;
  const detail = isLate ? 'No worker answered in time.' : 'The worker did not finish them.';
  return new CodedError('prediction_unavailable', detail, { cause: error });
}

/** The failure at the bottom of the wrappings that Temporal puts around it. */
function rootOf(error: unknown): unknown {
  const wraps = error instanceof WorkflowFailedError || error instanceof ActivityFailure;
  return wraps && error.cause !== undefined ? rootOf(error.cause) : error;
}

function isCode(type: string | null | undefined): type is ErrorCode {
  return typeof type === 'string' && Object.hasOwn(errorDefinitions, type);
}
