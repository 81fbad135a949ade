// How many cores there are to compute on: of the machine, and of what its control groups leave.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * The cores that this process may use: those of the machine, or fewer where its control group has a quota of processor
 * time, rounded up, at least 1. A group is also held to the quotas of the groups above it
 * (https://docs.kernel.org/admin-guide/cgroup-v2.html; version 1: https://docs.kernel.org/scheduler/sched-bwc.html).
 * @param root of the file system, with a / at its end.
 */
export function availableCores(root = '/', cores = availableParallelism()): number {
  const quotas = controlGroups(root).flatMap(({ mount, path, version }) =>
    ancestors(path).flatMap((group) => quotaOf(`${mount}${group}`, version)),
  );
  return Math.max(1, Math.ceil(Math.min(cores, ...quotas)));
}

interface ControlGroup {
  readonly mount: string;
  /** Begins with a /. */
  readonly path: string;
  readonly version: 1 | 2;
}

/** The groups of this process that can limit its processor time. Lines of the file are `number:controllers:path`. */
function controlGroups(root: string): ControlGroup[] {
  return textOf(`${root}proc/self/cgroup`)
    .split('\n')
    .flatMap((line): ControlGroup[] => {
      const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
      if (controllers === undefined || path === undefined) return [];
      const mount = `${root}sys/fs/cgroup`;
      if (controllers === '') return [{ mount, path, version: 2 }];
      if (!controllers.split(',').includes('cpu')) return [];
      return [...new Set(['cpu', controllers])].map((name) => ({
        mount: `${mount}/${name}`,
        path,
        version: 1,
      }));
    });
}

/** A path and all above it, the root as ''. A container sees its own group as the root, or names its path outside. */
function ancestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return [...parts.keys(), parts.length].map((count) =>
    parts
      .slice(0, count)
      .map((part) => `/${part}`)
      .join(''),
  );
}

/** Cores of processor time that a group may use; nothing where it has no quota. */
function quotaOf(group: string, version: 1 | 2): number[] {
  const [quota, period] =
    version === 2
      ? textOf(`${group}/cpu.max`).trim().split(' ')
      : [textOf(`${group}/cpu.cfs_quota_us`), textOf(`${group}/cpu.cfs_period_us`)];
  const cores = Number(quota) / Number(period);
  return Number.isFinite(cores) && cores > 0 ? [cores] : [];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not Linux, or a group without this controller: nothing limits.
    return '';
  }
}
