// Today's workflow code against recorded histories of every ending: what was recorded must still replay.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { workflowBundle } from '../workflows/workflow-harness.ts';

interface RecordedHistory {
  readonly events: readonly {
    readonly workflowExecutionStartedEventAttributes?: { readonly workflowType: { readonly name: string } };
  }[];
}

const typeOf = ({ events: [started] }: RecordedHistory): string =>
  started?.workflowExecutionStartedEventAttributes?.workflowType.name ?? '';

const directory = resolve(import.meta.dirname, '../../histories');
/** Of each released version in a folder of its name; those of what is not released yet beside them. */
const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json'))
  .sort();
const recordings = files.flatMap((file) => {
  // Written by the tests of the workflows under RECORD_HISTORIES, and by npm run record:release: the runs of each workflow.
  const workflows = JSON.parse(readFileSync(resolve(directory, file), 'utf8')) as Record<
    string,
    RecordedHistory[]
  >;
  return Object.entries(workflows).flatMap(([workflowId, runs]) => {
    return runs.map((history, run) => {
      const name = `${file.replace('.json', '')} (${typeOf(history)}${run > 0 ? `, run ${run + 1}` : ''})`;
      return { name, workflowId, history };
    });
  });
});

const replay = ({ history, workflowId }: { history: RecordedHistory; workflowId: string }): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle }, history, workflowId);

describe('recorded histories', () => {
  it('are there for every ending', () => {
    expect(files).toEqual([
      '0.1.0/cancelled-evaluateBert.json',
      '0.1.0/cancelled-fineTuneBert.json',
      '0.1.0/cancelled-in-temporal.json',
      '0.1.0/cancelled-snapshotDataset.json',
      '0.1.0/excused.json',
      '0.1.0/experiment.json',
      '0.1.0/failed.json',
      '0.1.0/handed-back.json',
      '0.1.0/no-progress.json',
      '0.1.0/retried.json',
      '0.1.0/succeeded.json',
      '0.2.0/experiment.json',
      '0.2.0/predicted.json',
      '0.2.0/prediction-failed.json',
      'cancelled-fineTuneBert.json',
      'cancelled-paused.json',
      'duration-exceeded-after-pause.json',
      'duration-exceeded.json',
      'evaluation-continued.json',
      'failed.json',
      'forked.json',
      'handed-back.json',
      'lost-worker.json',
      'orphaned-evaluation.json',
      'orphaned-training.json',
      'paused-and-resumed.json',
      'paused-within-the-task.json',
      'preparing-continued.json',
      'searched.json',
      'started-again.json',
      'succeeded.json',
      'verification-exhausted.json',
      'verification-given-up.json',
      'verification-retried.json',
      'verification-undecided.json',
      'verified-within-the-task.json',
      'verified.json',
      'written-in-the-end.json',
    ]);
  });

  it.each(recordings)('replay: $name', async (recording) => {
    await replay(recording);
  });

  it('replay when older code had begun them with search attributes and told no state', async () => {
    const succeeded = recordings.find(({ name }) => name === '0.1.0/succeeded (CoordinatorWorkflow)');
    const history = JSON.parse(JSON.stringify(succeeded?.history)) as RecordedHistory;
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const queued = {
      metadata: { encoding: base64('json/plain'), type: base64('Keyword') },
      data: base64('"queued"'),
    };
    const searchAttributes = { indexedFields: { ExperimentState: queued } };
    Object.assign(history.events[0]?.workflowExecutionStartedEventAttributes ?? {}, { searchAttributes });
    await replay({ workflowId: succeeded?.workflowId ?? '', history });
  });

  it('do not replay when the workflow would have done something else', async () => {
    const succeeded = recordings.find(({ name }) => name === '0.1.0/succeeded (CoordinatorWorkflow)');
    expect(succeeded).toBeDefined();
    const changed = JSON.stringify(succeeded?.history).replaceAll('"snapshotDataset"', '"somethingElse"');
    await expect(
      replay({ workflowId: succeeded?.workflowId ?? '', history: JSON.parse(changed) as RecordedHistory }),
    ).rejects.toMatchObject({ name: 'DeterminismViolationError' });
  });
});
