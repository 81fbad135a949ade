// A small file system of its own, which can be filled up and emptied without harm to the machine.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const pieceBytes = [1024 * 1024, 64 * 1024, 4096];
/** Others remove files meanwhile: what they free is taken again. */
const refillMilliseconds = 100;

export class LimitedDisk {
  readonly folder: string;
  /** Whether it is a file system of its own: mounting one needs rights that not everybody has. */
  readonly isLimited: boolean;

  constructor(name: string, sizeMebibytes: number) {
    this.folder = mkdtempSync(join(tmpdir(), `chaos-${name}-`));
    const options = `size=${sizeMebibytes}m,mode=0700`;
    this.isLimited =
      process.platform === 'linux' &&
      spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', this.folder]).status === 0;
  }

  /** Keeps the disk full for so long. */
  async fill(seconds: number): Promise<void> {
    const path = join(this.folder, 'ballast');
    const end = performance.now() + seconds * 1000;
    const file = await open(path, 'w');
    try {
      while (performance.now() < end) {
        for (const size of pieceBytes) await writeUntilFull((piece) => file.write(piece), Buffer.alloc(size));
        await delay(refillMilliseconds);
      }
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
  }

  remove(): void {
    // Lazily: a process that has just ended may still hold a file.
    if (this.isLimited) spawnSync('umount', ['--lazy', this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function writeUntilFull(
  write: (piece: Buffer) => Promise<{ bytesWritten: number }>,
  piece: Buffer,
): Promise<void> {
  try {
    for (;;) if ((await write(piece)).bytesWritten < piece.length) return;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}
