// Finding the processes of a stack.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { startOf } from '../machine/process-start.ts';

/** The variable that every process of a stack inherits: the stack's data directory. */
export const stackVariable = 'COORDINATOR_STACK';

/** Numbers of all processes, other than this one, that a stack on this data directory has started. */
export function processesOf(dataDirectory: string): number[] {
  const marker = `${stackVariable}=${dataDirectory}`;
  const found = process.platform === 'linux' ? fromProc(marker) : fromPs(marker);
  return found.filter((processId) => processId !== process.pid);
}

function fromProc(marker: string): number[] {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return numbers.map(Number).filter((processId) => {
    try {
      return (
        readFileSync(`/proc/${processId}/environ`, 'utf8').split('\0').includes(marker) && startOf(processId)
      );
    } catch {
      // Another user's process, or one that has just ended: not ours.
      return false;
    }
  });
}

function fromPs(marker: string): number[] {
  const { stdout } = spawnSync('ps', ['eww', '-ax', '-o', 'pid=,command='], { encoding: 'utf8' });
  const lines = stdout
    .split('\n')
    .filter((line) => line.includes(` ${marker} `) || line.endsWith(` ${marker}`));
  return lines.map((line) => Number.parseInt(line, 10)).filter(Number.isInteger);
}
