// Running workflows against today's code: the command, and the coordinator worker that refuses to poll.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkerOptions } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnvironment } from '../../../src/process-environment.ts';
import type { CoordinatorActivities } from '../../../src/experiment/activity.ts';
import { taskQueues, workflowNames } from '../../../src/experiment/name.ts';
import { until } from '../../../src/local/until.ts';
import { newestAndOldest } from '../../../src/temporal/running-workflows.ts';
import { useDatabase } from '../../database/fixture.ts';
import { startTemporal, type TestTemporal } from '../../temporal-server.ts';
import { workflowBundle } from '../workflows/workflow-harness.ts';

const opened = useDatabase();
let temporal: TestTemporal;
let otherBundle: { code: string };
let directory: string;
beforeAll(async () => {
  temporal = await startTemporal();
  directory = await mkdtemp(join(tmpdir(), 'replay-'));
  otherBundle = await bundleWorkflowCode({
    workflowsPath: resolve(import.meta.dirname, 'other-workflows.ts'),
    logger: new DefaultLogger('ERROR'),
  });
});
afterAll(async () => {
  await temporal.stop();
  await rm(directory, { recursive: true });
});

const recordTransition: CoordinatorActivities['recordTransition'] = (transition) =>
  Promise.resolve(transition);

/** Starts a workflow under the coordinator's name, and lets the given code run it until it waits for an activity. */
async function leaveRunning(
  workflowId: string,
  bundle: NonNullable<WorkerOptions['workflowBundle']>,
  waitsFor: string,
): Promise<void> {
  const { client, connection } = temporal;
  const handle = await client.workflow.start(workflowNames.coordinator, {
    workflowId,
    taskQueue: taskQueues.coordinator,
    args: [{ projectId: 'default', experimentId: workflowId }],
  });
  const worker = await Worker.create({
    connection,
    taskQueue: taskQueues.coordinator,
    workflowBundle: bundle,
    activities: { recordTransition },
  });
  const isWaiting = async (): Promise<boolean> =>
    JSON.stringify(await handle.fetchHistory()).includes(`"${waitsFor}"`);
  const isListed = async (): Promise<boolean> => {
    const query = `WorkflowId = '${workflowId}'`;
    for await (const _run of client.workflow.list({ query })) return true;
    return false;
  };
  await worker.runUntil(async () => {
    await until(isWaiting, { timeoutSeconds: 10, what: waitsFor });
    await until(isListed, { timeoutSeconds: 10, what: 'the list' });
  });
}

const environment = (changes: Record<string, string> = {}): Record<string, string> =>
  childEnvironment({
    DATABASE_URL: opened.url,
    TEMPORAL_ADDRESS: temporal.address,
    STORAGE_URL: pathToFileURL(directory).href,
    DATA_DIR: directory,
    ...changes,
  });

function start(program: string, parameters: string[], changes?: Record<string, string>): ChildProcess {
  const path = resolve(import.meta.dirname, '../../../dist/workers', program);
  return spawn(process.execPath, [path, ...parameters], { env: environment(changes) });
}

async function replay(...parameters: string[]): Promise<{ status: number | null; output: string }> {
  const child = start('commands/replay.js', parameters);
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const [output, errors, [status]] = await Promise.all([text(child.stdout!), text(child.stderr!), ended]);
  return { status, output: `${output}${errors}` };
}

/** A coordinator worker; its log as it grows. */
function startCoordinator(changes?: Record<string, string>) {
  const child = start('coordinator-worker.js', [], changes);
  let log = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (chunk: string) => (log += chunk));
  return {
    says: (words: string) =>
      until(() => Promise.resolve(log.includes(words)), { timeoutSeconds: 20, what: `${words} in ${log}` }),
    log: () => log,
    async stop(): Promise<number | null> {
      const ended = once(child, 'exit') as Promise<[number | null]>;
      child.kill('SIGTERM');
      return (await ended)[0];
    },
  };
}

describe('the replay of running workflows', () => {
  it('takes the newest and the oldest as its sample', () => {
    expect(newestAndOldest([9, 8, 7, 6, 5, 4], 3)).toEqual([9, 8, 4]);
    expect(newestAndOldest([9, 8], 3)).toEqual([9, 8]);
    expect(newestAndOldest([9, 8, 7], 1)).toEqual([9]);
  });

  it('finds nothing where none runs, and nothing wrong with one that today’s code began', async () => {
    expect(await replay('--all')).toMatchObject({ status: 0 });
    await leaveRunning('exp_healthy', workflowBundle, 'snapshotDataset');
    const { status, output } = await replay('--all');
    expect(output).toMatch(
      /^ok +exp_healthy {2}CoordinatorWorkflow, \d+ events\n1 workflows replayed, 0 would break$/m,
    );
    expect(status).toBe(0);
  });

  it('names a workflow that today’s code would break, and why', async () => {
    await leaveRunning('exp_broken', otherBundle, 'somethingElse');
    const all = await replay('--all', '--json');
    expect(all.status).toBe(1);
    const report = JSON.parse(all.output) as { workflows: { workflowId: string; reason: string | null }[] };
    expect(report).toMatchObject({ replayed: 2, broken: 1 });
    const [broken] = report.workflows.filter(({ reason }) => reason !== null);
    expect(broken?.workflowId).toBe('exp_broken');
    expect(broken?.reason).toContain('somethingElse');
    expect((await replay('--workflow', 'exp_healthy')).status).toBe(0);
  });

  it('ends with 2 where it cannot tell', async () => {
    const unknown = await replay('--workflow', 'exp_none');
    expect(unknown.status).toBe(2);
    expect(unknown.output).toContain('exp_none');
    expect((await replay('--all', '--sample', '2')).status).toBe(2);
  });

  it('keeps the coordinator worker from polling until the workflow that breaks is ended', async () => {
    const worker = startCoordinator();
    try {
      await worker.says('does not poll');
      const { workerRefusals } = opened.repositories;
      const isTold = async (): Promise<boolean> => (await workerRefusals.current()).length > 0;
      await until(isTold, { timeoutSeconds: 5, what: 'the refusal' });
      const [refusal] = await workerRefusals.current();
      expect(refusal?.workflows).toMatchObject([{ workflowId: 'exp_broken' }]);
      expect(worker.log()).not.toContain('"ready"');
      await temporal.client.workflow.getHandle('exp_broken').terminate();
      await worker.says('"ready"');
      expect(await workerRefusals.current()).toEqual([]);
    } finally {
      expect(await worker.stop()).toBe(0);
    }
  });

  it('lets it poll where the workflow is allowed to break', async () => {
    await leaveRunning('exp_allowed', otherBundle, 'somethingElse');
    const worker = startCoordinator({ REPLAY_ALLOWED_BREAKS: 'exp_other, exp_allowed' });
    try {
      await worker.says('"ready"');
      expect(worker.log()).toContain('exp_allowed');
      expect(worker.log()).not.toContain('does not poll');
      const seconds = Number(/"workflows":\d+,"seconds":([\d.]+)/.exec(worker.log())?.[1]);
      expect(seconds).toBeLessThan(5);
    } finally {
      expect(await worker.stop()).toBe(0);
    }
  });
});
