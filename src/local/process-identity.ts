// Telling a process from a later one with the same number, and finding the processes of a stack.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** The variable that every process of a stack inherits: the stack's data directory. */
export const stackVariable = 'COORDINATOR_STACK';

/**
 * When a process started, in a form that is only good for comparing.
 *
 * @returns `undefined` when there is no such process (a zombie counts as none).
 */
export function startOf(processId: number): string | undefined {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(processId)], { encoding: 'utf8' });
    return stdout.trim() || undefined;
  }
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'utf8');
    // proc(5): the name in parentheses may hold anything; state is the first field after it, start time the twentieth.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`;
  } catch {
    // The process ended while it was looked at.
    return undefined;
  }
}

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
