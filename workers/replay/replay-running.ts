// The replay of workflows that are running: what is recorded of each so far.
import type { Client } from '@temporalio/client';
import type { ReplayedRun } from '../../src/experiment/replay.ts';
import { readRecordedRun, type RecordedRun } from '../../src/temporal/history.ts';
import type { RunningWorkflow } from '../../src/temporal/running-workflows.ts';
import type { HistoryReplayer } from './history-replayer.ts';

/** Names a workflow; without a run its latest is meant. */
type WorkflowToReplay = Pick<RunningWorkflow, 'workflowId'> & Partial<Pick<RunningWorkflow, 'runId'>>;

/**
 * Reads and replays one after the other, so that few histories are held at once. One that the server has forgotten
 * meanwhile is left out.
 *
 * @throws what Temporal's client throws when the server does not answer.
 */
export function replayRunning(
  client: Client,
  replayer: HistoryReplayer,
  workflows: AsyncIterable<WorkflowToReplay> | Iterable<WorkflowToReplay>,
): Promise<readonly ReplayedRun[]> {
  async function* runs(): AsyncGenerator<RecordedRun> {
    for await (const { workflowId, runId } of workflows) {
      const run = await readRecordedRun(client, workflowId, runId);
      if (run !== undefined) yield runId === undefined ? run : { ...run, runId };
    }
  }
  return replayer.replay(runs());
}
