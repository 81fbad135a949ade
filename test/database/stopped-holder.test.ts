// A process that stands still within a transaction must not keep an experiment from everybody else.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { until } from '../../src/local/until.ts';
import { submit, useDatabase } from './fixture.ts';

const opened = useDatabase();

const isStopped = (processId: number | undefined): boolean =>
  /^State:\s+T/mu.test(readFileSync(`/proc/${processId}/status`, 'utf8'));

describe('a process that is stopped while it holds an experiment’s lock', () => {
  it('loses the lock; when it goes on, its transaction has failed and its next query works', async () => {
    const reference = await submit(opened.repositories);
    const script = resolve(import.meta.dirname, 'stopped-holder.mjs');
    const child = spawn(process.execPath, [script, opened.url, reference.experimentId]);
    const [output, errors, exited] = [text(child.stdout), text(child.stderr), once(child, 'exit')];
    try {
      await until(() => isStopped(child.pid), { timeoutSeconds: 20, what: 'the stop' });
      await opened.repositories.requests.request(reference, 'cancel');
    } finally {
      child.kill('SIGCONT');
    }
    expect([await exited, await output, await errors]).toEqual([[0, null], 'database_unavailable\n', '']);
  }, 60_000);
});
