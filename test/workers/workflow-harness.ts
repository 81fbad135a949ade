// Runs the project's workflows on a real Temporal server, with activities whose behaviour a test decides.
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
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
} from '../../src/experiment/activity.ts';
import { signalNames, taskQueues, workflowNames } from '../../src/experiment/name.ts';
import { readHistories } from '../../src/temporal/history.ts';
import type { TestTemporal } from '../temporal-server.ts';

export const workflowBundle = { codePath: resolve(import.meta.dirname, '../../dist/workflow-bundle.js') };

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

/** With RECORD_HISTORIES set, the histories of a workflow become those that test/workers/replay.test.ts replays. */
export async function record(
  name: string,
  { client }: Pick<TestTemporal, 'client'>,
  workflowId: string,
): Promise<void> {
  if (!process.env['RECORD_HISTORIES']) return;
  const histories = await readHistories(client, workflowId);
  if (typeof histories === 'string') throw new Error(`the workflow is ${histories}`);
  const file = resolve(import.meta.dirname, '../histories', `${name}.json`);
  // Replaying needs none of these, and all tell of the machine that recorded.
  const anonymous = (key: string, value: unknown): unknown => {
    if (key === 'stackTrace' || key === 'identity') return '';
    return typeof value === 'string' && value.includes(hostname()) ? 'sticky' : value;
  };
  await writeFile(file, `${JSON.stringify(histories.workflows, anonymous, 1)}\n`);
}

/** Activities of an experiment in which everything goes well. */
const smooth: Activities = {
  recordTransition: () => Promise.resolve(),
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
    durationSeconds,
    ...options
  }: Pick<WorkflowStartOptions, 'typedSearchAttributes'> & { readonly durationSeconds?: number } = {},
): Promise<T> {
  const transitions: StateTransition[] = [];
  const activities: Activities = {
    ...smooth,
    recordTransition: (transition) => {
      transitions.push(transition);
      return Promise.resolve();
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
    const experimentId = `exp_${randomUUID().replaceAll('-', '')}`;
    const handle = await temporal.client.workflow.start(workflowNames.coordinator, {
      workflowId: experimentId,
      taskQueue: taskQueues.coordinator,
      args: [
        { projectId: 'default', experimentId, ...(durationSeconds !== undefined && { durationSeconds }) },
      ],
      ...options,
    });
    return await act({ handle, transitions });
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
  }
}
