// docs/errors.md lists every error that there is, and none besides.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { errorDefinitions } from '../../src/error.ts';

it('docs/errors.md has each code once, under an anchor of its own, with its status, title and remedy', async () => {
  const text = await readFile('docs/errors.md', 'utf8');
  const sections = text.split('\n## ').slice(1);
  const documented = sections.map((section) => {
    const [heading = '', ...rest] = section.split('\n');
    const [status = '', title = '', remedy = ''] = rest.filter((line) => line !== '');
    return { code: heading.trim(), status, title, remedy };
  });
  const expected = Object.entries(errorDefinitions).map(([code, { status, title, remedy }]) => ({
    code,
    status: `Status ${status}.`,
    title: `${title}.`,
    remedy,
  }));
  expect(documented).toEqual(expected);
});
