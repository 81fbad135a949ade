// What every command of an operator does alike, in the built tree.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startTestPostgres } from '../../database/postgres.ts';

const folder = resolve(import.meta.dirname, '../../../dist/workers/commands');
const commands = readdirSync(folder)
  .filter((name) => name.endsWith('.js') && name !== 'command.js')
  .map((name) => name.replace('.js', ''));

const run = (command: string, parameters: readonly string[], variables: Record<string, string> = {}) =>
  spawnSync(process.execPath, [resolve(folder, `${command}.js`), ...parameters], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...variables },
  });

describe.each(commands)('npm run %s', (command) => {
  it('says how it is used', () => {
    const { status, stdout } = run(command, ['--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: npm run ${command} -- `, 'u'));
  });

  it('ends with 2, one line and its usage for an option that it does not know', () => {
    const { status, stdout, stderr } = run(command, ['--no-such-option']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(
        `^It could not be done: Unknown option '--no-such-option'\\.\\nUsage: npm run ${command} -- `,
        'u',
      ),
    );
  });
});

describe('what does not answer', () => {
  const gone = {
    DATABASE_URL: 'postgresql://user:secret@127.0.0.1:1/name',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    STORAGE_URL: 'file:///nowhere',
  };

  it.each([
    ['fsck', 'PostgreSQL at 127.0.0.1:1/name (DATABASE_URL): PostgreSQL does not answer. Is it running?'],
    ['collect', 'PostgreSQL at 127.0.0.1:1/name (DATABASE_URL): PostgreSQL does not answer. Is it running?'],
    ['reconcile', 'Temporal at 127.0.0.1:1 (TEMPORAL_ADDRESS) does not answer. Is it running?'],
    ['replay', 'Temporal at 127.0.0.1:1 (TEMPORAL_ADDRESS) does not answer. Is it running?'],
  ])(
    'is named with its address in one line, and what to look at: %s',
    (command, reason) => {
      const { status, stderr } = run(command, [], gone);
      expect(status).toBe(2);
      expect(stderr).toContain(
        `It could not be done: ${reason} The ports of npm start are new at each start`,
      );
      expect(stderr.trimEnd()).not.toContain('\n');
      expect(stderr).not.toContain('secret');
    },
    30_000,
  );

  it('is told with its cause where it is an object store without the variables of AWS', async () => {
    const postgres = await startTestPostgres();
    const variables = {
      ...gone,
      DATABASE_URL: await postgres.migrated(),
      STORAGE_URL: 's3://bucket/prefix',
      AWS_CONFIG_FILE: '/nowhere',
    };
    const { stderr } = run('fsck', [], variables);
    await postgres.stop();
    expect(stderr).toMatch(
      /^It could not be done: The object store s3:\/\/bucket\/prefix \(STORAGE_URL\): .*Region is missing/u,
    );
  });
});

describe('npm run verify', () => {
  it('names the file that is not there', () => {
    expect(run('verify', ['/nowhere/proof.tar']).stderr).toBe(
      'It could not be done: /nowhere/proof.tar: There is no such file.\n',
    );
  });

  it('says of which experiment it computed which steps again', () => {
    const { stdout } = run('verify', [resolve(import.meta.dirname, '../../checkpoints/0.2.0/proof.tar')]);
    // Another numeric profile than the recorded one gives other bits, which is told instead.
    expect(stdout).toMatch(
      /^exp_\w+ (?:agrees: every file is as it was recorded, and steps \d+ to \d+ \(with --from-step 1 all of them\) gave|undecided: )/u,
    );
  });
});
