// The whole stack as its user starts it, and ways to hurt it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { processesOf } from '../../src/local/process-identity.ts';
import { until } from '../../src/local/until.ts';

export type PartName =
  'coordinator-worker' | 'training-worker' | 'evaluation-worker' | 'http/server' | 'temporal' | 'postgres';

const root = resolve(import.meta.dirname, '../..');
const startTimeoutSeconds = 90;

export class StackProcess {
  readonly dataDirectory: string;
  readonly #child: ChildProcess;
  #output = '';
  #restarting: NodeJS.Timeout | undefined;

  private constructor(dataDirectory: string, child: ChildProcess) {
    this.dataDirectory = dataDirectory;
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
  }

  /**
   * Runs `npm start` and waits until it says that it is ready.
   *
   * @param directory of the version to run; today's by default.
   */
  static async start(
    dataDirectory?: string,
    variables: Record<string, string> = {},
    directory = root,
  ): Promise<StackProcess> {
    const data = dataDirectory ?? (await mkdtemp(join(tmpdir(), 'coordinator-journey-')));
    const child = spawn('npm', ['start', '--silent'], {
      cwd: directory,
      env: { ...process.env, PORT: '0', DATA_DIR: data, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const stack = new StackProcess(data, child);
    await until(() => stack.isReady() || child.exitCode !== null, {
      timeoutSeconds: startTimeoutSeconds,
      what: 'the stack',
    });
    if (!stack.isReady()) throw new Error(`the stack did not start: ${stack.output}`);
    await stack.#restartPostgresRegularly();
    return stack;
  }

  get output(): string {
    return this.#output;
  }

  /** Where the API answers. */
  get url(): string {
    const url = /ready at (\S+)/.exec(this.#output)?.[1];
    if (url === undefined) throw new Error('the stack is not ready');
    return url;
  }

  isReady(): boolean {
    return this.#output.includes('ready at');
  }

  /** Numbers of the processes that run a part. */
  processesOf(part: PartName): number[] {
    const marks: Record<PartName, string> = {
      'coordinator-worker': 'coordinator-worker.js',
      'training-worker': 'training-worker.js',
      'evaluation-worker': 'evaluation-worker.js',
      'http/server': 'http/server.js',
      temporal: 'start-dev',
      postgres: 'bin/postgres',
    };
    return processesOf(this.dataDirectory).filter((processId) =>
      commandLineOf(processId).includes(marks[part]),
    );
  }

  /** Sends a signal to a part. @returns whether there was a process to send it to. */
  signal(part: PartName, signal: NodeJS.Signals): boolean {
    const processIds = this.processesOf(part);
    return processIds.map((processId) => process.kill(processId, signal)).some(Boolean);
  }

  /** What the stack gives its parts, such as the address of its database. */
  variable(name: string): string {
    const variables = readFileSync(join(this.dataDirectory, 'stack.env'), 'utf8');
    const value = new RegExp(`^${name}='?([^'\\n]+)`, 'm').exec(variables)?.[1];
    if (value === undefined) throw new Error(`the stack has no ${name}`);
    return value;
  }

  /** Where `npm run test:journeys` asks for it. The supervisor starts it again; its fast shutdown is SIGINT. */
  async #restartPostgresRegularly(): Promise<void> {
    const seconds = Number(process.env['JOURNEYS_RESTART_POSTGRES_SECONDS'] ?? 0);
    if (seconds === 0) return;
    await import('./patient-fetch.ts');
    this.#restarting = setInterval(() => this.signal('postgres', 'SIGINT'), seconds * 1000);
  }

  /** Starts another training worker beside the stack's own, as an operator does, in a process group of its own. */
  joinTrainingWorker(): ChildProcess {
    const command = 'set -a && . "$0/stack.env" && exec npm run --silent worker:training';
    return spawn('sh', ['-c', command, this.dataDirectory], { cwd: root, stdio: 'ignore', detached: true });
  }

  /** Every process of the stack, the supervisor and npm not counted. */
  get partProcesses(): number[] {
    return processesOf(this.dataDirectory);
  }

  /** Sends SIGTERM to npm and waits. @returns npm's exit status. */
  async stop(): Promise<number | null> {
    clearInterval(this.#restarting);
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await ended;
    }
    return this.#child.exitCode;
  }

  /** Kills npm, its shell and the supervisor, so that nobody stops the parts. */
  async killSupervisor(): Promise<void> {
    clearInterval(this.#restarting);
    const ended = once(this.#child, 'exit');
    const group = this.#child.pid;
    if (group !== undefined) process.kill(-group, 'SIGKILL');
    await ended;
  }

  async stopAndRemove(): Promise<void> {
    await this.stop();
    await rm(this.dataDirectory, { recursive: true, force: true });
  }
}

/** The command line of a process; empty when it has ended. */
export function commandLineOf(processId: number): string {
  try {
    return readFileSync(`/proc/${processId}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // It ended while it was looked at.
    return '';
  }
}
