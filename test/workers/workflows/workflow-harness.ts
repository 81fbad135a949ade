// Runs the project's workflows on a real Temporal server, with activities whose behaviour a test decides.
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle, WorkflowStartOptions } from '@temporalio/client';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type {
  CheckpointNotice,
  CoordinatorActivities,
  EvaluationActivities,
  StateTransition,
  TrainingActivities,
} from '../../../src/experiment/activity.ts';
import { signalNames, taskQueues, workflowNames } from '../../../src/experiment/name.ts';
import { longHistoryEvents, type TestTemporal } from '../../temporal-server.ts';

export const workflowBundle = { codePath: resolve(import.meta.dirname, '../../../dist/workflow-bundle.js') };

Runtime.install({ logger: new DefaultLogger('ERROR') });

type Activities = CoordinatorActivities & EvaluationActivities & TrainingActivities;

export interface Scenario {
  readonly handle: WorkflowHandle;
  /** Every transition that was projected, in order. */
  readonly transitions: readonly StateTransition[];
}

/** The states that were projected, in order. */
export const statesOf = ({ transitions }: Scenario): string[] => transitions.map(({ state }) => state);

/** Waits, heartbeating, until the activity is cancelled. */
export async function untilCancelled(): Promise<never> {
  const { cancelled, heartbeat } = Context.current();
  const timer = setInterval(() => heartbeat(), 100);
  try {
    return await cancelled;
  } finally {
    clearInterval(timer);
  }
}

/** Says within an activity of training that a checkpoint was committed. */
export async function tellCheckpoint({ client }: Pick<TestTemporal, 'client'>, step: number): Promise<void> {
  const { workflowExecution } = Context.current().info;
  const notice: CheckpointNotice = { checkpoint: { step, id: `sha256:${step}` }, longestRunSeconds: 0.5 };
  await client.workflow
    .getHandle(workflowExecution?.workflowId ?? '')
    .signal(signalNames.checkpointCommitted, notice);
}

/**
 * Makes the history of the workflow that an activity is of so long, within it, that a server which `suggestsNewRuns` does so. No
 * workflow listens to these signals.
 */
export async function makeHistoryLong({ client }: Pick<TestTemporal, 'client'>): Promise<void> {
  const handle = client.workflow.getHandle(Context.current().info.workflowExecution?.workflowId ?? '');
  for (let count = 0; count < longHistoryEvents; count += 1) await handle.signal('ballast');
}

/** Activities of an experiment in which everything goes well. */
const smooth: Activities = {
  recordTransition: (transition) => Promise.resolve(transition),
  publishReport: () => Promise.resolve(),
  revokeAttempt: () => Promise.resolve(),
  snapshotDataset: () =>
    Promise.resolve({
      sha256: 'sha256:snapshot',
      totalSteps: 10,
      stepSeconds: 0.1,
      evaluationBatchSeconds: 0.1,
    }),
  fineTuneBert: () =>
    Promise.resolve({ outcome: 'completed', checkpoint: { step: 10, id: 'sha256:checkpoint' } }),
  evaluateBert: () => Promise.resolve({ evaluationSha256: 'sha256:evaluation' }),
};

/** Runs one experiment whose activities are those of a smooth one but for `changes`, while `act` acts on it. */
export async function runScenario<T>(
  temporal: TestTemporal,
  changes: Partial<Activities>,
  act: (scenario: Scenario) => Promise<T>,
  {
    experimentId = `exp_${randomUUID().replaceAll('-', '')}`,
    durationSeconds,
    orderNumber,
    ...options
  }: Pick<WorkflowStartOptions, 'typedSearchAttributes'> & {
    readonly experimentId?: string;
    readonly durationSeconds?: number;
    readonly orderNumber?: number;
  } = {},
): Promise<T> {
  const transitions: StateTransition[] = [];
  const activities: Activities = {
    ...smooth,
    recordTransition: (transition) => {
      transitions.push(transition);
      return Promise.resolve(transition);
    },
    ...changes,
  };
  const common = {
    connection: temporal.connection,
    maxHeartbeatThrottleInterval: '200 ms',
    shutdownGraceTime: '1 s',
  };
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue: taskQueues.coordinator, workflowBundle, activities }),
    Worker.create({ ...common, taskQueue: taskQueues.training, activities }),
    Worker.create({ ...common, taskQueue: taskQueues.evaluation, activities }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  try {
    const handle = await temporal.client.workflow.start(workflowNames.coordinator, {
      workflowId: experimentId,
      taskQueue: taskQueues.coordinator,
      args: [
        {
          projectId: 'default',
          experimentId,
          ...(durationSeconds !== undefined && { durationSeconds }),
          ...(orderNumber !== undefined && { orderNumber }),
        },
      ],
      ...options,
    });
    return await act({ handle, transitions });
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
  }
}
