// Every process of the measurement: one Temporal server, PostgreSQL, the project's API and coordinator worker, workers of its
// other queues that do nothing, and workers of the bare SDK.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Client as TemporalClient } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { searchAttributeNames, taskQueues } from '../../../src/experiment/name.ts';
import { freePort } from '../../../src/local/free-port.ts';
import { until } from '../../../src/local/until.ts';
import { startTestPostgres } from '../../database/postgres.ts';
import { startTemporal } from '../../temporal-server.ts';
import { bareQueueOf, slotsOf } from './queues.ts';

const root = resolve(import.meta.dirname, '../../..');
const idleKinds = ['training', 'evaluation'] as const;
const kinds = ['coordinator', ...idleKinds] as const;
const room = 'test/bench/orchestration';
const readyTimeoutSeconds = 60;

export interface Processes {
  /** Where the project's API answers. */
  readonly url: string;
  readonly temporal: TemporalClient;
  /** Names of the processes by their ids. */
  readonly names: ReadonlyMap<number, string>;
  stop(): Promise<void>;
}

/**
 * Starts all of them and waits until the API answers and each of its queues has a worker.
 *
 * @param temporalSettings dynamic ones of Temporal's server, each `KEY=VALUE`.
 */
export async function startProcesses(temporalSettings: readonly string[]): Promise<Processes> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-orchestration-'));
  const [postgres, temporal] = await Promise.all([
    startTestPostgres(),
    startTemporal({
      searchAttributes: Object.values(searchAttributeNames),
      settings: temporalSettings,
    }),
  ]);
  const children: ChildProcess[] = [];
  const names = new Map<number, string>();
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(ended));
    await Promise.all([postgres.stop(), temporal.stop()]);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const port = await freePort();
    const environment = {
      ...process.env,
      DATA_DIR: directory,
      PORT: String(port),
      DATABASE_URL: await postgres.empty(),
      TEMPORAL_ADDRESS: temporal.address,
      STORAGE_URL: pathToFileURL(join(directory, 'objects')).href,
    };
    const start = (name: string, program: string, ...parameters: string[]): void => {
      const log = openSync(join(directory, `${name}.log`), 'a');
      const command = [resolve(root, program), ...parameters];
      const child = spawn(process.execPath, command, { env: environment, stdio: ['ignore', log, log] });
      closeSync(log);
      children.push(child);
      if (child.pid !== undefined) names.set(child.pid, name);
    };
    const bundle = await bareBundle(directory);
    start('api', 'dist/src/http/server.js');
    start('coordinator', 'dist/workers/coordinator-worker.js');
    for (const kind of idleKinds)
      start(kind, `${room}/idle-worker.mjs`, kind, taskQueues[kind], String(slotsOf[kind]));
    for (const kind of kinds) {
      const place = [bareQueueOf(kind), String(slotsOf[kind]), temporal.address, bundle];
      start(`bare-${kind}`, `${room}/bare-worker.mjs`, kind, ...place);
    }
    const url = `http://127.0.0.1:${port}`;
    await until(() => isReady(url), { timeoutSeconds: readyTimeoutSeconds, what: 'API and workers' });
    return { url, temporal: temporal.client, names, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function bareBundle(directory: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, 'bare-workflows.ts'),
    logger: new DefaultLogger('WARN'),
  });
  const path = join(directory, 'bare-workflows.js');
  await writeFile(path, code);
  return path;
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/queues`);
    if (!response.ok) return false;
    const { items } = (await response.json()) as { items: { workers: unknown[] }[] };
    return items.every(({ workers }) => workers.length > 0);
  } catch {
    // Not listening yet.
    return false;
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
