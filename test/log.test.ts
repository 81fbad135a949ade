// A log that cannot be written must not fail what it tells of.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const log = JSON.stringify(resolve(import.meta.dirname, '../dist/src/log.js'));

it('goes on where the disk of the log is full', () => {
  const full = openSync('/dev/full', 'w');
  const program = `
    const { createLogger } = await import(${log});
    const log = createLogger('part', 'info');
    for (let line = 0; line < 3; line += 1) log.error({ err: new Error('disk full') }, 'told');
    console.log('went on');`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', full],
    encoding: 'utf8',
  });
  closeSync(full);
  expect([stdout, status]).toEqual(['went on\n', 0]);
});
