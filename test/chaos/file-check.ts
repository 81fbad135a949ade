// The service's own check of rows and objects against each other, `npm run fsck`, where there is one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { DisturbedStack } from './disturbed-stack.ts';

const root = resolve(import.meta.dirname, '../..');

/** @returns what the check finds wrong. */
export async function checkFiles(stack: DisturbedStack, log: (line: string) => void): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  if (scripts['fsck'] === undefined) return [];
  const child = spawn('npm', ['run', '--silent', 'fsck'], {
    cwd: root,
    env: { ...process.env, ...stack.variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [status]] = await Promise.all([
    text(child.stdout),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  log(`fsck: ${output.trim()}`);
  return status === 0 ? [] : [`fsck ended with status ${status}: ${output.trim()}`];
}
