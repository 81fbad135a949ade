// Starting a part of the stack: what it says goes to its log.
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/**
 * Starts a program that appends to a log file. It is detached, so that a Ctrl-C in the terminal reaches the supervisor alone, which stops the
 * parts in their order.
 *
 * @param options.channels `ipc`: a channel for messages to it.
 */
export function spawnLogged(
  command: string,
  parameters: readonly string[],
  {
    logFile,
    channels = [],
    ...options
  }: Pick<SpawnOptions, 'env' | 'uid' | 'gid'> & {
    readonly logFile: string;
    readonly channels?: readonly 'ipc'[];
  },
): ChildProcess {
  const log = openSync(logFile, 'a');
  const stdio: SpawnOptions['stdio'] = ['ignore', log, log, ...channels];
  const child = spawn(command, parameters, { ...options, stdio, detached: true });
  closeSync(log);
  return child;
}
