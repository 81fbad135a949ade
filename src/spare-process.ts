// A spare: a process that has loaded its program and waits until the one that it stands by for has died.
import type { ChildProcess } from 'node:child_process';
import { processEnvironment, variables } from './config.ts';

/** The argument that makes a process a spare. It needs a channel for messages to whoever started it. */
export const spareArgument = '--spare';

/**
 * Resolves at once, but in a spare only when it is wanted: its command line, as `ps` shows it, then is that of any other.
 * A spare ends with status 0 when whoever started it has gone.
 */
export async function untilWanted(): Promise<void> {
  const program = process.argv.filter((argument) => argument !== spareArgument);
  if (program.length === process.argv.length) return;
  const deserted = (): void => process.exit(0);
  process.once('disconnect', deserted);
  // It may have gone while this one was loading.
  if (!process.connected) deserted();
  const predecessors = await new Promise<string>((resolve) => {
    process.once('message', (message) => resolve(String(message)));
  });
  process.removeListener('disconnect', deserted);
  process.disconnect();
  process.title = program.join(' ');
  processEnvironment[variables.predecessorProcesses] = predecessors;
}

/** Tells a spare to begin, in the place of these processes. One that has died meanwhile does not hear of it. */
export function want(spare: ChildProcess, endedProcesses: readonly number[]): void {
  spare.send(endedProcesses.join(','), () => undefined);
}
