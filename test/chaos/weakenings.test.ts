// The negative control of the fault campaign: what it switches off is there, and a campaign's checks notice it.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runControl } from './control.ts';
import { weakenings } from './weakenings.ts';

const built = resolve(import.meta.dirname, '../../dist');

describe('what the negative control switches off', () => {
  it.each(weakenings)('is one piece of the built code: $name', ({ file, code }) => {
    expect(readFileSync(join(built, file), 'utf8').split(code)).toHaveLength(2);
  });

  it('is found where it is a moment of the optimizer that is left out when a checkpoint is restored', async () => {
    const weakening = weakenings.find(({ name }) => name === 'checkpoint: secondMoments');
    expect(await runControl('kills', weakening)).toContainEqual(expect.stringContaining('(divergence)'));
  }, 120_000);
});
