// The replayer of histories beside whatever else its process does.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { runsOf, type ExperimentHistories } from '../../../src/temporal/history.ts';
import { HistoryReplayer } from '../../../workers/replay/history-replayer.ts';
import { workflowBundle } from '../workflows/workflow-harness.ts';

const recording = resolve(import.meta.dirname, '../../histories/paused-and-resumed.json');

const stackTraceHook = (): unknown => Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')?.value;

it('leaves nothing behind in the thread that asks for a replay', async () => {
  const before = stackTraceHook();
  const workflows = JSON.parse(readFileSync(recording, 'utf8')) as ExperimentHistories['workflows'];
  const runs = runsOf({ formatVersion: 1, workflows });
  const replayed = await new HistoryReplayer(workflowBundle).replay(runs);
  expect(replayed.map(({ workflowId, deterministic }) => ({ workflowId, deterministic }))).toEqual(
    runs.map(({ workflowId }) => ({ workflowId, deterministic: true })),
  );
  // Set together with the hook of promises, for which there is no way to ask.
  expect(stackTraceHook()).toBe(before);
});
