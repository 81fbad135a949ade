// Histories against the workflow code of this build: would it have done what was recorded?
import { fileURLToPath } from 'node:url';
import { Worker, type ReplayWorkerOptions, type WorkerOptions } from '@temporalio/worker';
import type { ReplayedRun } from '../../src/experiment/replay.ts';
import type { RecordedRun } from '../../src/temporal/history.ts';

const longestReasonCharacters = 500;

type WorkflowBundle = NonNullable<ReplayWorkerOptions['workflowBundle']>;
type Runs = AsyncIterable<RecordedRun> | Iterable<RecordedRun>;

/** The workflow code that the coordinator worker of this build runs; the path is that within `dist/`. */
export const builtWorkflows: WorkflowBundle = {
  codePath: fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url)),
};

/** Replays with the workflow code that it is given, one history at a time. */
export class HistoryReplayer {
  readonly #workflowBundle: WorkflowBundle;
  /** The last replay to have begun: each has an interpreter of its own, and several at once would only be slower. */
  #latest: Promise<unknown> = Promise.resolve();

  constructor(workflowBundle: WorkflowBundle) {
    this.#workflowBundle = workflowBundle;
  }

  /**
   * Replays runs one after the other, when earlier calls have ended.
   *
   * @returns one result a run, in their order.
   * @throws what reading the runs throws.
   */
  replay(runs: Runs): Promise<readonly ReplayedRun[]> {
    const results = this.#latest.then(() => replayRuns(this.#workflowBundle, runs));
    // A failure is its own caller's.
    this.#latest = results.catch(() => undefined);
    return results;
  }
}

/**
 * In a thread of its own, where the SDK would replay in this one by itself: its hooks, which note where every promise was made,
 * stay for as long as the thread lives, and would slow down all else that this process does.
 */
async function replayRuns(workflowBundle: WorkflowBundle, runs: Runs): Promise<readonly ReplayedRun[]> {
  const results: ReplayedRun[] = [];
  let current: RecordedRun | undefined;
  async function* histories() {
    for await (const run of runs) {
      current = run;
      yield { workflowId: run.workflowId, history: run.history };
    }
  }
  const options: ReplayWorkerOptions & Pick<WorkerOptions, 'debugMode'> = {
    workflowBundle,
    debugMode: false,
  };
  for await (const { error } of Worker.runReplayHistories(options, histories())) {
    if (current === undefined) continue;
    const { workflowId, runId, type, history } = current;
    results.push({
      workflowId,
      runId,
      type,
      events: history.events.length,
      deterministic: error === undefined,
      reason: error === undefined ? null : reasonOf(error),
    });
  }
  return results;
}

/** What the SDK found, without the general words that it puts before. */
function reasonOf(error: Error): string {
  const [details = ''] = error.message.replace(/^.*?Details: /su, '').split('\n');
  return details.slice(0, longestReasonCharacters) || error.name;
}
