// A spare: a process that has loaded its program and waits to take the place of one that has died. src/local/spare.ts keeps one.
import type { ChildProcess } from 'node:child_process';
import { processEnvironment, variables } from './config.ts';

/**
 * Resolves in a spare when it is activated. One whose supervisor has gone ends with status 0, and one that has none with 2.
 *
 * @param commandLine what `ps` shows of it from then on, cut to the length of its own: that of the process which it takes the place of.
 */
export async function untilActivated(commandLine: string): Promise<void> {
  if (process.send === undefined) {
    console.error('A spare is started by npm start alone, which tells it when to begin.');
    process.exit(2);
  }
  const deserted = (): void => process.exit(0);
  process.once('disconnect', deserted);
  // It may have gone while this one was loading.
  if (!process.connected) deserted();
  const predecessors = await new Promise<string>((resolve) => {
    process.once('message', (message) => resolve(String(message)));
  });
  process.removeListener('disconnect', deserted);
  process.disconnect();
  process.title = commandLine;
  processEnvironment[variables.predecessorProcesses] = predecessors;
}

/** Tells a spare to begin, in the place of these processes. One that has died meanwhile does not hear of it. */
export function activate(spare: ChildProcess, endedProcesses: readonly number[]): void {
  spare.send(endedProcesses.join(','), () => undefined);
}
