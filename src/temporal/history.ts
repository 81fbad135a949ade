// The recorded history of an experiment's workflows, as the JSON that Temporal's own tools read and replay.
import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import proto from '@temporalio/proto';

/** Status code NOT_FOUND of gRPC (its documentation, "Status codes and their use"). */
const notFound = 5;

/**
 * The histories of each workflow's runs, oldest first: a workflow that was long went on in further runs, and one that
 * reconciliation started again has those of before.
 */
export interface ExperimentHistories {
  readonly formatVersion: 1;
  readonly workflows: Readonly<Record<string, readonly WorkflowHistory[]>>;
}

/** One run of a workflow with what was recorded of it. */
export interface RecordedRun {
  readonly workflowId: string;
  readonly runId: string;
  /** The workflow's type. */
  readonly type: string;
  readonly history: WorkflowHistory;
}

interface WorkflowHistory {
  readonly events: readonly HistoryEvent[];
}

interface HistoryEvent {
  readonly eventTime?: string;
  readonly workflowExecutionStartedEventAttributes?: {
    readonly continuedExecutionRunId?: string;
    readonly originalExecutionRunId?: string;
    readonly workflowType?: { readonly name?: string };
  };
  readonly startChildWorkflowExecutionInitiatedEventAttributes?: { readonly workflowId: string };
}

/** What each call to Temporal is made by, as one that gives it a deadline of its own. */
type MakeCall = <T>(call: () => Promise<T>) => Promise<T>;

const plainly: MakeCall = (call) => call();

/**
 * Reads the histories of the coordinator and its children.
 *
 * @returns `running` while the coordinator has not closed, since its history would lack the end; `forgotten` when the
 * server does not know it any more.
 */
export async function readHistories(
  client: Client,
  experimentId: string,
  makeCall = plainly,
): Promise<ExperimentHistories | 'running' | 'forgotten'> {
  const coordinator = await describe(client, experimentId, makeCall);
  if (coordinator === undefined) return 'forgotten';
  if (coordinator.status.name === 'RUNNING') return 'running';
  return (await readHistoriesSoFar(client, experimentId, makeCall)) ?? 'forgotten';
}

/**
 * Reads what is recorded of the coordinator and its children up to now, whether they have closed or not.
 *
 * @returns `undefined` when the server does not know the coordinator.
 */
export async function readHistoriesSoFar(
  client: Client,
  experimentId: string,
  makeCall = plainly,
): Promise<ExperimentHistories | undefined> {
  const own = await readRuns(client, experimentId, makeCall);
  if (own.length === 0) return undefined;
  const workflows: Record<string, readonly WorkflowHistory[]> = { [experimentId]: own };
  for (const id of childrenOf(own)) {
    const runs = await readRuns(client, id, makeCall);
    // A child that was ordered and never started has none.
    if (runs.length > 0) workflows[id] = runs;
  }
  return { formatVersion: 1, workflows };
}

/** Every run in the order in which they are kept. */
export function runsOf({ workflows }: ExperimentHistories): readonly RecordedRun[] {
  return Object.entries(workflows).flatMap(([workflowId, runs]) =>
    runs.map((history) => recordedRun(workflowId, history)),
  );
}

function recordedRun(workflowId: string, history: WorkflowHistory): RecordedRun {
  const started = history.events[0]?.workflowExecutionStartedEventAttributes;
  return {
    workflowId,
    runId: started?.originalExecutionRunId ?? '',
    type: started?.workflowType?.name ?? '',
    history,
  };
}

/**
 * Reads what is recorded of one run up to now; without a run id, of the latest.
 *
 * @returns `undefined` when the server does not know it.
 */
export async function readRecordedRun(
  client: Client,
  workflowId: string,
  runId?: string,
): Promise<RecordedRun | undefined> {
  const history = await readRun(client, workflowId, runId, plainly);
  return history && recordedRun(workflowId, history);
}

/** The ids of the children in the order in which they were started. */
function childrenOf(runs: readonly WorkflowHistory[]): readonly string[] {
  const ids = runs
    .flatMap(({ events }) => events)
    .flatMap(({ startChildWorkflowExecutionInitiatedEventAttributes: child }) => child?.workflowId ?? []);
  return [...new Set(ids)];
}

async function describe(client: Client, workflowId: string, makeCall: MakeCall) {
  try {
    return await makeCall(() => client.workflow.getHandle(workflowId).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/**
 * Every run under the id: those that Temporal lists, which it does with some delay, and those that lead from the latest
 * back to where it began.
 */
async function readRuns(
  client: Client,
  workflowId: string,
  makeCall: MakeCall,
): Promise<readonly WorkflowHistory[]> {
  const latest = (await describe(client, workflowId, makeCall))?.runId;
  if (latest === undefined) return [];
  const runs = new Map<string, WorkflowHistory>();
  const open = [latest, ...(await makeCall(() => listRuns(client, workflowId)))];
  for (let runId = open.pop(); runId !== undefined; runId = open.pop()) {
    const history = runs.has(runId) ? undefined : await readRun(client, workflowId, runId, makeCall);
    if (history === undefined) continue;
    runs.set(runId, history);
    const before = history.events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    if (before) open.push(before);
  }
  return [...runs.values()].toSorted((a, b) => beginOf(a) - beginOf(b));
}

async function listRuns(client: Client, workflowId: string): Promise<readonly string[]> {
  const runIds: string[] = [];
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
    runIds.push(runId);
  return runIds;
}

function beginOf({ events: [first] }: WorkflowHistory): number {
  return Date.parse(first?.eventTime ?? '');
}

async function readRun(
  client: Client,
  workflowId: string,
  runId: string | undefined,
  makeCall: MakeCall,
): Promise<WorkflowHistory | undefined> {
  const { workflowService, options } = client.workflow;
  const request = { namespace: options.namespace, execution: { workflowId, runId: runId ?? '' } };
  const events: proto.temporal.api.history.v1.IHistoryEvent[] = [];
  try {
    // Page by page, as the SDK's own `fetchHistory` does within one call: a long history has many.
    for (let nextPageToken: Uint8Array | undefined; ;) {
      const asked = { ...request, ...(nextPageToken && { nextPageToken }) };
      const page = await makeCall(() => workflowService.getWorkflowExecutionHistory(asked));
      events.push(...(page.history?.events ?? []));
      nextPageToken = page.nextPageToken;
      if (nextPageToken.length === 0) break;
    }
    const history = proto.temporal.api.history.v1.History.create({ events });
    // The SDK's own form of a history.
    return JSON.parse(historyToJSON(history)) as WorkflowHistory;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
  return code === notFound || error instanceof WorkflowNotFoundError;
}
