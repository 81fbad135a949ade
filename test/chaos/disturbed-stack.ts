// The stack that a campaign hurts: that of `npm start` and a second training worker, over an S3 server behind a proxy, on
// disks that can be filled, with clocks that can be moved.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient, type Client } from '../../openapi/client.ts';
import { stackVariable } from '../../src/local/process-identity.ts';
import { startOf } from '../../src/machine/process-start.ts';
import { SupervisedPart } from '../../src/local/supervised-part.ts';
import { StackProcess, type PartName } from '../journeys/stack-process.ts';
import { findVersitygw, openS3, type TestS3 } from '../storage/stores.ts';
import { LimitedDisk } from './limited-disk.ts';
import { S3Proxy } from './s3-proxy.ts';
import type { DiskTarget, ProcessTarget } from './schedule.ts';

const diskMebibytes = 2048;
const workerStopSeconds = 18;
const root = resolve(import.meta.dirname, '../..');

const partOf: Readonly<Record<Exclude<ProcessTarget, 'second-training-worker'>, PartName>> = {
  'training-worker': 'training-worker',
  'coordinator-worker': 'coordinator-worker',
  'evaluation-worker': 'evaluation-worker',
  api: 'http/server',
  temporal: 'temporal',
  postgres: 'postgres',
};

interface StackOptions {
  /** Decides which requests to the store a fault affects. */
  readonly random: () => number;
  /** Modules that Node loads before each program. */
  readonly preloads?: readonly string[];
  /** More variables of every process. */
  readonly variables?: Readonly<Record<string, string>>;
  /** More variables of the second training worker; without the worker: `false`. */
  readonly secondWorker?: Readonly<Record<string, string>> | false;
}

export class DisturbedStack {
  readonly disks: Readonly<Record<DiskTarget, LimitedDisk>>;
  /** `undefined` where no S3 server is installed: the store is then a directory on the store's disk. */
  readonly proxy: S3Proxy | undefined;
  readonly clockDirectory: string;
  readonly client: Client;
  readonly variables: Readonly<Record<string, string>>;
  readonly #stack: StackProcess;
  readonly #s3: TestS3 | undefined;
  #second: SupervisedPart | undefined;
  #secondProcess: number | undefined;

  private constructor(parts: {
    disks: DisturbedStack['disks'];
    proxy: S3Proxy | undefined;
    s3: TestS3 | undefined;
    clockDirectory: string;
    stack: StackProcess;
    variables: Readonly<Record<string, string>>;
  }) {
    this.disks = parts.disks;
    this.proxy = parts.proxy;
    this.#s3 = parts.s3;
    this.clockDirectory = parts.clockDirectory;
    this.#stack = parts.stack;
    this.variables = parts.variables;
    this.client = createClient(parts.stack.url);
  }

  static async start(options: StackOptions): Promise<DisturbedStack> {
    const { random, preloads = [], secondWorker = {} } = options;
    const disks = {
      'store disk': new LimitedDisk('store', diskMebibytes),
      'scratch disk': new LimitedDisk('scratch', diskMebibytes),
      'database disk': new LimitedDisk('data', diskMebibytes),
    };
    const dataDirectory = join(disks['database disk'].folder, 'data');
    const clockDirectory = mkdtempSync(join(tmpdir(), 'chaos-clocks-'));
    mkdirSync(dataDirectory);
    const program = findVersitygw();
    const s3 = program === undefined ? undefined : await openS3(program, disks['store disk'].folder);
    const proxy = s3 && new S3Proxy(s3.variables['AWS_ENDPOINT_URL'] ?? '', random);
    const modules = [join(import.meta.dirname, 'clock-jump.mjs'), ...preloads];
    const variables = {
      TMPDIR: disks['scratch disk'].folder,
      TRAINING_THREADS: '1',
      NODE_OPTIONS: modules.map((path) => `--import=${pathToFileURL(path).href}`).join(' '),
      CHAOS_CLOCKS: clockDirectory,
      ...options.variables,
      ...s3?.variables,
      ...(proxy && { AWS_ENDPOINT_URL: await proxy.listen() }),
      STORAGE_URL: s3?.storageUrl ?? pathToFileURL(join(disks['store disk'].folder, 'objects')).href,
    };
    const stack = await StackProcess.start(dataDirectory, variables);
    const own = { ...variables, ...fileVariables(join(dataDirectory, 'stack.env')) };
    const disturbed = new DisturbedStack({ disks, proxy, s3, clockDirectory, stack, variables: own });
    if (secondWorker !== false) disturbed.startSecondWorker(secondWorker);
    return disturbed;
  }

  /** Starts a training worker beside the stack's own, and starts it again whenever it ends. */
  startSecondWorker(variables: Readonly<Record<string, string>> = {}): void {
    const { dataDirectory } = this.#stack;
    const environment = { ...process.env, ...this.variables, [stackVariable]: dataDirectory, ...variables };
    const logFile = join(dataDirectory, 'logs', 'second-training-worker.log');
    this.#second = new SupervisedPart({
      name: 'second-training-worker',
      spawn: () => {
        const log = openSync(logFile, 'a');
        const program = join(root, 'dist/workers/training-worker.js');
        const child = spawn(process.execPath, [program], {
          stdio: ['ignore', log, log],
          detached: true,
          env: environment,
        });
        closeSync(log);
        this.#secondProcess = child.pid;
        return child;
      },
      stopSignal: 'SIGTERM',
      stopTimeoutSeconds: workerStopSeconds,
      logFile,
      // The campaign says itself what it has ended.
      tell: () => undefined,
    });
    this.#second.start();
  }

  /** Numbers of the processes of a target that are there now; of PostgreSQL that of the server which starts the others. */
  processesOf(target: ProcessTarget): number[] {
    if (target === 'second-training-worker') {
      const id = this.#secondProcess;
      return id === undefined || startOf(id) === undefined ? [] : [id];
    }
    return this.#stack.processesOf(partOf[target]).filter((id) => id !== this.#secondProcess);
  }

  /** Every process of the stack that is still there. */
  get processes(): number[] {
    return this.#stack.partProcesses;
  }

  get dataDirectory(): string {
    return this.#stack.dataDirectory;
  }

  /** The folder of the store's objects. */
  get objectFolder(): string {
    return this.#s3?.folder ?? join(this.disks['store disk'].folder, 'objects');
  }

  /** Stops the stack. @returns the exit status of `npm start`. */
  async stop(): Promise<number | null> {
    await this.#second?.stop();
    return this.#stack.stop();
  }

  /** What stopped workers have left in the temporary directory. */
  scratchFiles(): string[] {
    return readdirSync(this.disks['scratch disk'].folder).filter((name) => name.startsWith('bert-eval-'));
  }

  async remove(): Promise<void> {
    await this.stop();
    await this.proxy?.close();
    await this.#s3?.close();
    for (const disk of Object.values(this.disks)) disk.remove();
    rmSync(this.clockDirectory, { recursive: true });
  }
}

function fileVariables(path: string): Record<string, string> {
  const lines = readFileSync(path, 'utf8').matchAll(/^(\w+)='(.*)'$/gmu);
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
}
