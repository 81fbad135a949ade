// Tells Temporal what a row of the outbox says it must be told: a start, a cancellation, that a history is to be kept.
import {
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import type { TypedSearchAttributes } from '@temporalio/common';
import type { Outbox, OutboxRow } from '../database/outbox.ts';
import type { VerificationRecord, VerificationReference } from '../database/verification-repository.ts';
import { signalNames, taskQueues, workflowNames } from '../experiment/name.ts';
import { hasEnded, type RequestedAction } from '../experiment/state.ts';
import type { ExperimentWorkflowInput } from '../experiment/workflow.ts';
import { durationLeftSeconds, type LimitedExperiment } from '../waste/duration-left.ts';
import type { TimedExperiment } from '../waste/waste.ts';
import { callWithin } from './call-within.ts';
import { callTimeoutSeconds, renewing, whileClaimHeld } from './held-claim.ts';
import { readHistories, type ExperimentHistories } from './history.ts';
import { searchAttributesOf, type SearchedExperiment } from './search-attributes.ts';
import { startVerification } from './start-verification.ts';

/** Status code INVALID_ARGUMENT of gRPC (its documentation, "Status codes and their use"). */
const invalidArgument = 3;

export interface DeliveryDependencies {
  readonly client: Client;
  readonly outbox: Pick<Outbox, 'renew'>;
  /** The experiment as it stands; `undefined` when it is gone. */
  readonly experimentOf: (
    row: OutboxRow,
  ) => Promise<(SearchedExperiment & LimitedExperiment & { readonly stateSequence: number }) | undefined>;
  /** Where its time went so far. */
  readonly timesOf: (row: OutboxRow) => Promise<TimedExperiment | undefined>;
  /** Ends an experiment whose workflow Temporal does not know any more, because its user wants it to end. */
  readonly endWithoutWorkflow: (row: OutboxRow) => Promise<void>;
  readonly verificationOf: (reference: VerificationReference) => Promise<VerificationRecord>;
  readonly keepHistories: (row: OutboxRow, histories: ExperimentHistories) => Promise<void>;
}

/**
 * Delivers a claimed row. A row that was delivered before may come again: twice is once.
 *
 * @returns `false` when it is too early.
 * @throws Error where another dispatcher has claimed the row since; what Temporal's client and the database throw while they are away.
 */
export async function deliver(dependencies: DeliveryDependencies, row: OutboxRow): Promise<boolean> {
  const { client, outbox } = dependencies;
  const withinTimeout = <T>(call: () => Promise<T>): Promise<T> =>
    callWithin(client, callTimeoutSeconds, call);
  switch (row.kind) {
    case 'start':
    case 'restart':
      await start(dependencies, row);
      return true;
    case 'cancel':
    case 'pause':
    case 'resume':
      await signal(dependencies, row, row.kind, withinTimeout);
      return true;
    case 'verify':
      await startVerification(client, row, dependencies.verificationOf, (call) =>
        whileClaimHeld(client, outbox, row, call),
      );
      return true;
    case 'storeHistory': {
      const renew = renewing(outbox, row);
      // Long histories take many calls, each of which has the whole time.
      const histories = await readHistories(client, row.experimentId, async (call) => {
        await renew();
        return withinTimeout(call);
      });
      if (histories === 'running') return false;
      if (histories !== 'forgotten') await dependencies.keepHistories(row, histories);
      return true;
    }
  }
}

/** A workflow that takes the place of another ends it, so that a restart delivered twice leaves one as well. */
const policies = {
  start: { workflowIdReusePolicy: 'REJECT_DUPLICATE' },
  restart: { workflowIdReusePolicy: 'ALLOW_DUPLICATE', workflowIdConflictPolicy: 'TERMINATE_EXISTING' },
} as const;

async function start(
  { client, outbox, experimentOf, timesOf }: DeliveryDependencies,
  row: OutboxRow,
): Promise<void> {
  const { projectId, experimentId } = row;
  const experiment = await experimentOf(row);
  if (experiment === undefined || hasEnded(experiment.state)) return;
  const { state, stateSequence: sequence } = experiment;
  const durationSeconds = await durationLeftSeconds(experiment, () => timesOf(row), new Date());
  const input: ExperimentWorkflowInput = {
    projectId,
    experimentId,
    ...(row.orderNumber !== null && { orderNumber: row.orderNumber }),
    ...(sequence > 0 && { continued: { state, sequence } }),
    ...(durationSeconds !== undefined && { durationSeconds }),
  };
  const startWith = (attributes: { typedSearchAttributes?: TypedSearchAttributes }): Promise<unknown> =>
    whileClaimHeld(client, outbox, row, () =>
      client.workflow.start(workflowNames.coordinator, {
        workflowId: experimentId,
        taskQueue: taskQueues.coordinator,
        args: [input],
        ...policies[row.kind === 'restart' ? 'restart' : 'start'],
        ...attributes,
      }),
    );
  try {
    await startWith({ typedSearchAttributes: searchAttributesOf(experiment) }).catch((error: unknown) => {
      // The namespace does not know the attributes: experiments run without them too.
      if (isInvalidArgument(error)) return startWith({});
      throw error;
    });
  } catch (error) {
    // Started before, by a delivery whose confirmation was lost: twice is once.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/**
 * Carries the order's number, by which a workflow tells a delivery that comes late: after one of a later row.
 *
 * A workflow that has ended needs no signal, and its last transition has ended the experiment. Where it has not, the
 * workflow was terminated or forgotten, and nobody else would end an experiment that is to be cancelled.
 */
async function signal(
  { client, experimentOf, endWithoutWorkflow }: DeliveryDependencies,
  row: OutboxRow,
  action: RequestedAction,
  withinTimeout: <T>(call: () => Promise<T>) => Promise<T>,
): Promise<void> {
  const handle = client.workflow.getHandle(row.experimentId);
  try {
    await withinTimeout(() => handle.signal(signalNames[action], row.orderNumber ?? undefined));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    const experiment = await experimentOf(row);
    const isLost = experiment !== undefined && !hasEnded(experiment.state);
    if (isLost && action === 'cancel') await endWithoutWorkflow(row);
  }
}

function isInvalidArgument(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return isGrpcServiceError(cause) && (cause.code as number) === invalidArgument;
}
