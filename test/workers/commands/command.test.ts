// What every command of an operator does alike, in the built tree.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = resolve(import.meta.dirname, '../../../dist/workers/commands');
const commands = readdirSync(folder)
  .filter((name) => name.endsWith('.js') && name !== 'command.js')
  .map((name) => name.replace('.js', ''));

const run = (command: string, parameters: readonly string[]) =>
  spawnSync(process.execPath, [resolve(folder, `${command}.js`), ...parameters], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });

describe.each(commands)('npm run %s', (command) => {
  it('says how it is used', () => {
    const { status, stdout } = run(command, ['--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: npm run ${command} -- `, 'u'));
  });

  it('ends with 2 and one line for an option that it does not know', () => {
    const { status, stdout, stderr } = run(command, ['--no-such-option']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^It could not be done: .*--no-such-option.*\n$/u);
  });
});
