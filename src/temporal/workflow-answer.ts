// Work that a request waits for, through Temporal: starts the workflow that hands it to a worker, and waits for its answer.
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
import { taskQueues } from '../experiment/name.ts';
import { callWithin } from './call-within.ts';

const startTimeoutSeconds = 5;

/** How long an answer is waited for. */
export interface AnswerWait {
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly timeoutSeconds: number;
}

/** Which workflow answers, and what is said where it does not. */
export interface AskedWorkflow {
  /** Its type. */
  readonly name: string;
  readonly workflowId: string;
  readonly input: unknown;
  /** The code of no answer in time, or of a worker that stopped. */
  readonly unavailable: ErrorCode;
  /** The detail where nothing could be handed on to Temporal. */
  readonly notHandedOn: string;
  /** The detail where the worker stopped. */
  readonly unfinished: string;
}

/**
 * Asks a workflow of the coordinator's queue; nothing is asked twice.
 *
 * @returns what the workflow returns.
 * @throws CodedError `temporal_unavailable` when the work could not be handed on; `unavailable` when no answer came in time,
 * the wait was ended or the worker stopped; whatever the worker found wrong.
 */
export async function workflowAnswer(
  connection: Connection,
  client: Client,
  asked: AskedWorkflow,
  { signal, timeoutSeconds }: AnswerWait,
): Promise<unknown> {
  const end = AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]);
  const handle = await start(connection, client, asked, { signal: end, timeoutSeconds });
  try {
    // Not by a deadline: near its end the server would answer at once, and be asked again and again.
    return await connection.withAbortSignal(end, () => handle.result() as Promise<unknown>);
  } catch (error) {
    throw codedFailure(error, asked);
  }
}

async function start(
  connection: Connection,
  client: Client,
  { name, workflowId, input, notHandedOn }: AskedWorkflow,
  { signal, timeoutSeconds }: AnswerWait,
): Promise<WorkflowHandle> {
  try {
    return await callWithin(connection, startTimeoutSeconds, () =>
      connection.withAbortSignal(signal, () =>
        client.workflow.start(name, {
          workflowId,
          taskQueue: taskQueues.coordinator,
          workflowExecutionTimeout: `${timeoutSeconds} s`,
          args: [input],
        }),
      ),
    );
  } catch (cause) {
    throw new CodedError('temporal_unavailable', notHandedOn, { cause });
  }
}

function codedFailure(error: unknown, { unavailable, unfinished }: AskedWorkflow): CodedError {
  const ends = isGrpcDeadlineError(error) || isGrpcCancelledError(error);
  if (!ends && !(error instanceof WorkflowFailedError))
    return new CodedError('temporal_unavailable', 'Temporal does not answer.', { cause: error });
  const root = ends ? error : rootOf(error);
  if (root instanceof ApplicationFailure && isCode(root.type)) return new CodedError(root.type, root.message);
  const isLate = ends || root instanceof TimeoutFailure;
  const detail = isLate ? 'No worker answered in time.' : unfinished;
  return new CodedError(unavailable, detail, { cause: error });
}

/** The failure at the bottom of the wrappings that Temporal puts around it. */
function rootOf(error: unknown): unknown {
  const wraps = error instanceof WorkflowFailedError || error instanceof ActivityFailure;
  return wraps && error.cause !== undefined ? rootOf(error.cause) : error;
}

function isCode(type: string | null | undefined): type is ErrorCode {
  return typeof type === 'string' && Object.hasOwn(errorDefinitions, type);
}
