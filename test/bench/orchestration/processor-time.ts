// The processor time of the measurement's processes, by name. Where there is no /proc there is none to tell.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** proc(5) counts in these, on every architecture that Node runs on. */
const ticksPerSecond = 100;

interface ProcessStat {
  readonly id: number;
  readonly parent: number;
  readonly program: string;
  /** Its own, and that of its children that have ended. */
  readonly seconds: number;
}

/** Seconds so far by the name of a process: that of `names`, of others the program; what they have started counts to them. */
export type ProcessorSeconds = ReadonlyMap<string, number>;

/**
 * Asks the system for the processor time of this process and of all that it has started.
 *
 * @param names by process id.
 */
export function processorSeconds(names: ReadonlyMap<number, string>): ProcessorSeconds {
  const seconds = new Map<string, number>();
  if (!existsSync('/proc/self/stat')) return seconds;
  const all = readdirSync('/proc').flatMap((entry) => readStat(entry) ?? []);
  const own = all.find(({ id }) => id === process.pid);
  const add = (name: string, { id, ...stat }: ProcessStat): void => {
    seconds.set(name, (seconds.get(name) ?? 0) + stat.seconds);
    for (const child of all)
      if (child.parent === id) add(id === own?.id ? (names.get(child.id) ?? child.program) : name, child);
  };
  if (own) add('client', own);
  return seconds;
}

/** What was spent between two looks. */
export function spentBetween(before: ProcessorSeconds, after: ProcessorSeconds): ProcessorSeconds {
  return new Map([...after].map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)]));
}

function readStat(entry: string): ProcessStat | undefined {
  if (!/^\d+$/u.test(entry)) return undefined;
  try {
    const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
    const program = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    // proc(5): after the name follow the state and the parent; the four times are the twelfth to the fifteenth.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { id: Number(entry), parent: Number(fields[1]), program, seconds: ticks / ticksPerSecond };
  } catch {
    // It ended while it was looked at.
    return undefined;
  }
}
