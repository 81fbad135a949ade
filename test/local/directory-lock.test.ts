import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDirectory } from '../../src/local/directory-lock.ts';
import { startOf } from '../../src/machine/process-start.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'coordinator-lock-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Leaves the lock of a process that has ended. */
async function leaveStaleLock(): Promise<void> {
  const child = spawn(process.execPath, ['-e', '']);
  const start = startOf(child.pid ?? 0) ?? '';
  await once(child, 'exit');
  await writeFile(join(directory, 'stack.lock.1'), JSON.stringify({ processId: child.pid, start }));
}

describe('the lock of a data directory', () => {
  it('is refused while a living process holds it, and names that process', async () => {
    const lock = await lockDirectory(directory);
    await expect(lockDirectory(directory)).rejects.toMatchObject({
      code: 'data_directory_in_use',
      message: expect.stringContaining(String(process.pid)) as string,
    });
    await lock.release();
    await (await lockDirectory(directory)).release();
  });

  it('is taken over from a process that was killed', async () => {
    await leaveStaleLock();
    await expect(lockDirectory(directory)).resolves.toBeDefined();
  });

  it('is taken over when the process number now belongs to another process', async () => {
    const lock = { processId: process.pid, start: 'another start' };
    await writeFile(join(directory, 'stack.lock.3'), JSON.stringify(lock));
    await expect(lockDirectory(directory)).resolves.toBeDefined();
  });

  it('goes to exactly one of many that take over a dead process’s lock at once, and leaves no other file', async () => {
    for (let round = 0; round < 40; round += 1) {
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory);
      await leaveStaleLock();
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(directory)));
      const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(winners).toHaveLength(1);
      expect(await readdir(directory)).toEqual(['stack.lock.2']);
      await winners[0]?.release();
    }
  });
});
