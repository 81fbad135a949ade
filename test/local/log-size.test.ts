// Logs that became long, while a part goes on writing.
import { appendFileSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { lastWords, sizeOf } from '../../src/local/last-words.ts';
import { shortenLogs } from '../../src/local/log-size.ts';

const directory = mkdtempSync(join(tmpdir(), 'logs-'));
afterAll(() => rmSync(directory, { recursive: true }));

const content = (name: string): string => readFileSync(join(directory, name), 'utf8');

it('are emptied, with one generation kept, and written to from their beginning', async () => {
  appendFileSync(join(directory, 'short.log'), 'short\n');
  const path = join(directory, 'long.log');
  const file = openSync(path, 'a');
  writeSync(file, 'x'.repeat(100));
  const before = sizeOf(path);
  await shortenLogs(directory, 99);
  expect(content('long.log.1')).toBe('x'.repeat(100));
  writeSync(file, 'postgres FATAL no room\n');
  closeSync(file);
  expect(content('long.log')).toBe('postgres FATAL no room\n');
  expect(content('short.log')).toBe('short\n');
  // Of a part that began before.
  expect(await lastWords(path, before)).toBe('postgres FATAL no room');
  appendFileSync(path, 'y'.repeat(100));
  await shortenLogs(directory, 99);
  expect(content('long.log.1')).toMatch(/^postgres FATAL no room\ny+$/u);
  await shortenLogs(directory, 99);
  expect(content('long.log')).toBe('');
  expect(content('long.log.1')).toMatch(/^postgres FATAL/u);
});
