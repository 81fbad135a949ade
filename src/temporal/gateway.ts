// What the API asks of Temporal: whether it answers, who works on which queue, predictions and audits.
import { Client, type Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { CodedError } from '../error.ts';
import type { ExperimentReference, PredictionInput } from '../experiment/activity.ts';
import { taskQueues, type TaskQueue } from '../experiment/name.ts';
import { predictionLimits, type PredictionItem } from '../experiment/prediction.ts';
import { auditSeconds, type ExperimentAudit } from '../experiment/replay.ts';
import { auditThrough } from './audit.ts';
import { callWithin } from './call-within.ts';
import { predictThrough } from './predict.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;
const callTimeoutSeconds = 5;
/** Workers report themselves every 5 s; one that has been silent for this long is gone. */
const workerSilenceSeconds = 15;
const maximumWorkers = 1000;

/** A worker process as it last reported itself. Slots are places for activities. */
interface QueueWorker {
  /** `PROCESS@HOST`. */
  readonly id: string;
  readonly host: string;
  readonly slots: number;
  readonly busy: number;
  readonly lastSeenAt: Date;
}

export interface QueueDescription {
  readonly name: TaskQueue;
  /** Tasks that wait for a worker, as the server estimates them. */
  readonly backlog: number;
  readonly workers: readonly QueueWorker[];
}

export interface TemporalGateway {
  /** @throws CodedError `temporal_unavailable` when Temporal does not answer for its namespace. */
  check(): Promise<void>;
  /** @throws CodedError `temporal_unavailable` when Temporal does not answer. */
  queues(): Promise<readonly QueueDescription[]>;
  /**
   * One item a text, in their order.
   *
   * @param signal ends the wait for them.
   * @throws CodedError `temporal_unavailable`, `prediction_unavailable`, or what the worker found wrong.
   */
  predict(input: PredictionInput, signal: AbortSignal): Promise<readonly PredictionItem[]>;
  /**
   * The replay of what was recorded of an experiment.
   *
   * @param signal ends the wait for it.
   * @throws CodedError `temporal_unavailable`, `audit_unavailable`, or what the worker found wrong.
   */
  audit(experiment: ExperimentReference, signal: AbortSignal): Promise<ExperimentAudit>;
}

/** A gateway over a connection, which may be lazy: nothing is asked before the first call. */
export function createTemporalGateway(
  connection: Connection,
  namespace: string,
  predictionSeconds: number = predictionLimits.seconds,
): TemporalGateway {
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await callWithin(connection, callTimeoutSeconds, work);
    } catch (cause) {
      throw new CodedError('temporal_unavailable', 'Temporal does not answer.', { cause });
    }
  };
  const client = new Client({ connection, namespace });
  return {
    predict: (input, signal) =>
      predictThrough(connection, client, input, { signal, timeoutSeconds: predictionSeconds }),
    audit: (experiment, signal) =>
      auditThrough(connection, client, experiment, { signal, timeoutSeconds: auditSeconds }),
    async check() {
      await call(() => connection.workflowService.describeNamespace({ namespace }));
    },
    queues: () =>
      call(async () => {
        const workers = await liveWorkers(connection, namespace);
        return Promise.all(
          Object.values(taskQueues).map(async (name) => ({
            name,
            backlog: await backlogOf(connection, namespace, name),
            workers: workers
              .filter(({ queue }) => queue === name)
              .map(({ queue: _queue, ...worker }) => worker),
          })),
        );
      }),
  };
}

/** Workflow and activity tasks are two queues of one name on the server: both are asked, and added up. */
async function backlogOf(
  { workflowService }: Connection,
  namespace: string,
  name: TaskQueue,
): Promise<number> {
  const descriptions = await Promise.all(
    [TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY].map((taskQueueType) =>
      workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType, reportStats: true }),
    ),
  );
  return descriptions.reduce((sum, { stats }) => sum + Number(stats?.approximateBacklogCount ?? 0), 0);
}

async function liveWorkers(
  { workflowService }: Connection,
  namespace: string,
): Promise<readonly (QueueWorker & { readonly queue: string })[]> {
  const { workersInfo } = await workflowService.listWorkers({ namespace, pageSize: maximumWorkers });
  const oldest = Date.now() - workerSilenceSeconds * 1000;
  return workersInfo
    .flatMap(({ workerHeartbeat: report }) => (report ? [report] : []))
    .map((report) => {
      const busy = report.activityTaskSlotsInfo?.currentUsedSlots ?? 0;
      return {
        queue: report.taskQueue ?? '',
        id: report.workerIdentity ?? '',
        host: report.hostInfo?.hostName ?? '',
        slots: busy + (report.activityTaskSlotsInfo?.currentAvailableSlots ?? 0),
        busy,
        lastSeenAt: new Date(Number(report.heartbeatTime?.seconds ?? 0) * 1000),
      };
    })
    .filter(({ lastSeenAt }) => lastSeenAt.getTime() >= oldest);
}
