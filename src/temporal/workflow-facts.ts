// What Temporal knows of an experiment's workflow, for the comparison with its row.
import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type proto from '@temporalio/proto';
import type { RecordedTransition } from '../experiment/activity.ts';
import { workflowNames } from '../experiment/name.ts';
import type { RecordedProgress, WorkflowFacts } from '../experiment/reconcile.ts';
import type { CoordinatorResult, ExperimentWorkflowInput, TrainingResult } from '../experiment/workflow.ts';

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;
type Payload = proto.temporal.api.common.v1.IPayload;

const nothingRecorded: RecordedProgress = {
  sequence: 0,
  hasSnapshot: false,
  trainedStep: null,
  failure: null,
};

const closedStatuses: Readonly<Partial<Record<string, 'cancelled' | 'terminated' | 'timedOut' | 'failed'>>> =
  {
    CANCELLED: 'cancelled',
    TERMINATED: 'terminated',
    TIMED_OUT: 'timedOut',
    FAILED: 'failed',
  };

/** What the history of a run that is not over told when it had so many events. */
interface ReadHistory {
  readonly runId: string;
  readonly historyLength: number;
  readonly facts: WorkflowFacts;
}

/** Reads workflows; the history of one is read again only when it has grown. */
export class WorkflowFactsReader {
  readonly #client: Client;
  readonly #read = new Map<string, ReadHistory>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** @throws what Temporal's client throws when the server does not answer. */
  async factsOf(workflowId: string): Promise<WorkflowFacts & { readonly runId?: string }> {
    const description = await this.#describe(workflowId);
    if (description === undefined) return { status: 'unknown' };
    const { runId, historyLength, status } = description;
    const closed = closedStatuses[status.name];
    if (closed !== undefined) return { status: closed, runId };
    const known = this.#read.get(workflowId);
    if (known?.runId === runId && known.historyLength === historyLength) return { ...known.facts, runId };
    const { events } = await this.#client.workflow.getHandle(workflowId, runId).fetchHistory();
    const facts = factsIn(events ?? []);
    if (facts.status === 'running') this.#read.set(workflowId, { runId, historyLength, facts });
    return { ...facts, runId };
  }

  /** Whether a workflow runs or how it ended, without a look into it. @throws as `factsOf` does. */
  async statusOf(workflowId: string): Promise<WorkflowFacts['status']> {
    const description = await this.#describe(workflowId);
    if (description === undefined) return 'unknown';
    const { name } = description.status;
    return closedStatuses[name] ?? (name === 'COMPLETED' ? 'completed' : 'running');
  }

  /** Forgets what was read of workflows other than these. */
  keepOnly(workflowIds: ReadonlySet<string>): void {
    for (const workflowId of this.#read.keys())
      if (!workflowIds.has(workflowId)) this.#read.delete(workflowId);
  }

  async #describe(workflowId: string): Promise<WorkflowExecutionDescription | undefined> {
    try {
      return await this.#client.workflow.getHandle(workflowId).describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }
}

function factsIn(events: readonly HistoryEvent[]): WorkflowFacts {
  const recorded = recordedIn(events);
  const result = events.at(-1)?.workflowExecutionCompletedEventAttributes?.result?.payloads?.[0];
  if (result) return { status: 'completed', recorded, result: valueOf(result) as CoordinatorResult };
  return { status: 'running', recorded };
}

/** What activities and children have confirmed, in the order of the history, and before it another workflow's. */
function recordedIn(events: readonly HistoryEvent[]): RecordedProgress {
  const scheduled = new Map<string, { name: string; input: Payload | undefined }>();
  const started = events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  const continued = started && (valueOf(started) as ExperimentWorkflowInput).continued;
  let progress = { ...nothingRecorded, sequence: continued?.sequence ?? 0 };
  for (const event of events) {
    const activity = event.activityTaskScheduledEventAttributes;
    if (activity)
      scheduled.set(String(event.eventId), {
        name: activity.activityType?.name ?? '',
        input: activity.input?.payloads?.[0],
      });
    const completed = event.activityTaskCompletedEventAttributes;
    const done = completed && scheduled.get(String(completed.scheduledEventId));
    if (done?.name === 'snapshotDataset') progress = { ...progress, hasSnapshot: true };
    const recorded =
      done?.name === 'recordTransition' ? done.input : resultWithinTask(event, 'recordTransition');
    if (recorded) {
      const { sequence, error } = valueOf(recorded) as RecordedTransition;
      progress = { ...progress, sequence, failure: error };
    }
    const child = event.childWorkflowExecutionCompletedEventAttributes;
    const result = child?.result?.payloads?.[0];
    if (child?.workflowType?.name === workflowNames.training && result) {
      const trainedStep = (valueOf(result) as TrainingResult).latestCheckpoint?.step ?? null;
      progress = { ...progress, trainedStep };
    }
  }
  return progress;
}

/**
 * The result of an activity of a name that the worker ran within the workflow's task: its SDK writes a marker of such a one, with
 * no input (temporalio/sdk-core, `core_local_activity`).
 */
function resultWithinTask(
  { markerRecordedEventAttributes: marker }: HistoryEvent,
  name: string,
): Payload | undefined {
  if (marker?.markerName !== 'core_local_activity') return undefined;
  const data = marker.details?.['data']?.payloads?.[0];
  const type = data && (valueOf(data) as { readonly activity_type?: string }).activity_type;
  return type === name ? marker.details?.['result']?.payloads?.[0] : undefined;
}

/** The workflows and activities of this project wrote it, by the types that it is read as. */
function valueOf(payload: Payload): unknown {
  return defaultPayloadConverter.fromPayload(payload);
}
