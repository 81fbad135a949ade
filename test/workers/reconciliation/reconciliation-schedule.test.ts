// When comparisons are made: by the coordinator worker's loop, one process at a time, and by the command.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withAdvisoryLock } from '../../../src/database/advisory-lock.ts';
import { until } from '../../../src/local/until.ts';
import { DirectoryStore } from '../../../src/storage/directory-store.ts';
import {
  reconciliationLock,
  reconcileRegularly,
} from '../../../workers/reconciliation/reconcile-regularly.ts';
import { Reconciler, type ReportedDifference } from '../../../workers/reconciliation/reconciler.ts';
import { submit, useDatabase } from '../../database/fixture.ts';
import { startTemporal, type TestTemporal } from '../../temporal-server.ts';

const opened = useDatabase();
let temporal: TestTemporal;
let directory: string;
const log = pino({ level: 'silent' });

beforeAll(async () => {
  temporal = await startTemporal();
  directory = await mkdtemp(join(tmpdir(), 'reconciliation-'));
});
afterAll(async () => {
  await temporal.stop();
  await rm(directory, { recursive: true });
});

/** Counts its comparisons, each of which takes a while. */
class Counting extends Reconciler {
  static atOnce = 0;
  static mostAtOnce = 0;
  count = 0;
  fails = false;

  override async run(): Promise<readonly ReportedDifference[]> {
    this.count += 1;
    Counting.atOnce += 1;
    Counting.mostAtOnce = Math.max(Counting.mostAtOnce, Counting.atOnce);
    await delay(50);
    Counting.atOnce -= 1;
    if (this.fails) throw new Error('it failed');
    return [];
  }
}

const counting = (): Counting =>
  new Counting({
    repository: opened.repositories.reconciliation,
    verifications: opened.repositories.verifications,
    client: temporal.client,
    store: new DirectoryStore(directory),
    log,
  });

describe('the loop of the coordinator worker', () => {
  it('compares again and again, also after a failure, one process at a time, and stops when it is told to', async () => {
    const both = [counting(), counting()];
    const stopping = new AbortController();
    const schedule = { databaseUrl: opened.url, intervalSeconds: 0.01 };
    const loops = both.map((reconciler) => reconcileRegularly(reconciler, schedule, log, stopping.signal));
    const reached = (count: number) => () => both.every((reconciler) => reconciler.count >= count);
    await until(reached(2), { timeoutSeconds: 20, what: 'comparisons of both' });
    for (const reconciler of both) reconciler.fails = true;
    const before = Math.max(...both.map(({ count }) => count));
    await until(reached(before + 3), { timeoutSeconds: 20, what: 'comparisons after a failure' });
    stopping.abort();
    await Promise.all(loops);
    expect(Counting.mostAtOnce).toBe(1);
  });

  it('ends its wait early, and makes no comparison at all with 0 seconds', async () => {
    const reconciler = counting();
    const stopping = new AbortController();
    const slow = { databaseUrl: opened.url, intervalSeconds: 3600 };
    const loop = reconcileRegularly(reconciler, slow, log, stopping.signal);
    await until(() => reconciler.count === 1, { timeoutSeconds: 10, what: 'the first comparison' });
    stopping.abort();
    await loop;
    const none = counting();
    await reconcileRegularly(none, { ...slow, intervalSeconds: 0 }, log, new AbortController().signal);
    expect([reconciler.count, none.count]).toEqual([1, 0]);
  });
});

/** Runs the command to its end. */
async function command(options: string[], variables: Record<string, string> = {}) {
  const program = resolve(import.meta.dirname, '../../../dist/workers/commands/reconcile.js');
  const child = spawn(process.execPath, [program, ...options], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: opened.url,
      TEMPORAL_ADDRESS: temporal.address,
      STORAGE_URL: pathToFileURL(directory).href,
      LOG_LEVEL: 'silent',
      ...variables,
    },
  });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const status = await new Promise<number | null>((end) => child.on('close', end));
  return { status, output, errors };
}

describe('npm run reconcile', () => {
  it('says what differs with --dry-run, mends it without, and finds nothing afterwards', async () => {
    const reference = await submit(opened.repositories);
    const { experimentId: workflowId } = reference;
    await opened.database.run((queries) => queries.outbox.deleteMany({ where: reference }));
    const dry = await command(['--dry-run', '--json']);
    const difference = { workflowId, found: 'workflow_missing', repair: { action: 'startAgain' } };
    expect(JSON.parse(dry.output)).toEqual({ differences: [{ ...difference, mended: false }] });
    expect(dry.status).toBe(0);
    const mending = await command([]);
    expect(mending.output).toContain(`mended  ${workflowId}  workflow_missing: startAgain`);
    expect(mending.output).toContain('1 differences, 1 mended');
    expect((await command([])).output).toBe('0 differences, 0 mended\n');
  }, 60_000);

  it('ends with 2 when it cannot be done: another does it, something is away, an option is unknown', async () => {
    const whileAnother = await withAdvisoryLock(opened.url, reconciliationLock, () => command([]));
    expect(whileAnother?.status).toBe(2);
    expect(whileAnother?.errors).toContain('Another process is reconciling now');
    expect(await command([], { STORAGE_URL: '' })).toMatchObject({ status: 2, output: '' });
    expect(await command(['--nonsense'])).toMatchObject({ status: 2, output: '' });
    expect(await command([], { TEMPORAL_ADDRESS: '127.0.0.1:1' })).toMatchObject({ status: 2, output: '' });
  }, 60_000);
});
