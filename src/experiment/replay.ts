// What a replay of recorded histories against today's workflow code says.

/** From the request for an audit to its answer, the wait for a worker included. */
export const auditSeconds = 60;

/** One run of a workflow. */
export interface ReplayedRun {
  readonly workflowId: string;
  readonly runId: string;
  /** The workflow's type. */
  readonly type: string;
  /** Of the history that was replayed. */
  readonly events: number;
  /** Whether today's code does what was recorded. */
  readonly deterministic: boolean;
  /** What it would have done otherwise; `null` where it is deterministic. */
  readonly reason: string | null;
}

/** The replay of everything that was recorded of an experiment. */
export interface ExperimentAudit {
  /** Of all runs. */
  readonly deterministic: boolean;
  readonly events: number;
  /** Whether the history was the one stored at the end, or what Temporal has of it now. */
  readonly source: 'stored' | 'live';
  readonly workflows: readonly ReplayedRun[];
}
