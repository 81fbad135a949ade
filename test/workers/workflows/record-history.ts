// With RECORD_HISTORIES set, what tests run becomes the histories that test/workers/replay/replay.test.ts replays.
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { readHistories, type ExperimentHistories } from '../../../src/temporal/history.ts';
import type { TestTemporal } from '../../temporal-server.ts';

/** Records a workflow that has ended, with its children. */
export async function record(
  name: string,
  { client }: Pick<TestTemporal, 'client'>,
  workflowId: string,
): Promise<void> {
  if (!process.env['RECORD_HISTORIES']) return;
  const histories = await readHistories(client, workflowId);
  if (typeof histories === 'string') throw new Error(`the workflow is ${histories}`);
  await recordHistories(name, histories);
}

/** Records what was read before. */
export async function recordHistories(name: string, histories: ExperimentHistories): Promise<void> {
  if (process.env['RECORD_HISTORIES']) await writeHistories(name, histories);
}

/** Writes test/histories/NAME.json. */
export async function writeHistories(
  name: string,
  { workflows }: Pick<ExperimentHistories, 'workflows'>,
): Promise<void> {
  const file = resolve(import.meta.dirname, '../../histories', `${name}.json`);
  // Replaying needs none of these, and all tell of the machine that recorded.
  const anonymous = (key: string, value: unknown): unknown => {
    if (key === 'stackTrace' || key === 'identity') return '';
    return typeof value === 'string' && value.includes(hostname()) ? 'sticky' : value;
  };
  await writeFile(file, `${JSON.stringify(workflows, anonymous, 1)}\n`);
}
