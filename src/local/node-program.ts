// The stack's own programs, as children of the supervisor.
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { variables } from '../config.ts';
import { spawnLogged } from './spawn-logged.ts';

export interface NodeProgram {
  /** In the built tree, from this file on. */
  readonly path: string;
  readonly logFile: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** @param endedProcesses that it takes the place of. */
export function spawnProgram(program: NodeProgram, endedProcesses: readonly number[]): ChildProcess {
  const predecessors = endedProcesses.length > 0 && {
    [variables.predecessorProcesses]: endedProcesses.join(','),
  };
  return spawnNode({ ...program, environment: { ...program.environment, ...predecessors } }, []);
}

/** Starts a program that waits until it is activated. */
export function spawnSpare(program: NodeProgram): ChildProcess {
  return spawnNode(program, ['ipc']);
}

function spawnNode({ path, logFile, environment }: NodeProgram, channels: readonly 'ipc'[]): ChildProcess {
  const program = fileURLToPath(new URL(path, import.meta.url));
  return spawnLogged(process.execPath, [program], { logFile, channels, env: environment });
}
