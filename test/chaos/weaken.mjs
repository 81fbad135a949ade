// Loaded before a program of the stack: replaces one piece of its code while Node loads it, as CHAOS_WEAKENING says. The same
// file is also the hook that does it, which Node loads once more, into a thread of its own.
import { readFileSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const weakening = JSON.parse(process.env['CHAOS_WEAKENING'] ?? 'null');

if (isMainThread && weakening !== null) register(import.meta.url);

/** Node's hook: gives the source of a module (https://nodejs.org/docs/latest-v20.x/api/module.html#loadurl-context-nextload). */
export function load(url, context, nextLoad) {
  if (weakening === null || !url.endsWith(`/dist/${weakening.file}`)) return nextLoad(url, context);
  const source = readFileSync(fileURLToPath(url), 'utf8');
  // Where the code has changed, nothing would be switched off, and nothing shown.
  if (source.split(weakening.code).length !== 2)
    throw new Error(`${weakening.file} does not hold once: ${weakening.code}`);
  writeFileSync(process.env['CHAOS_WEAKENED'], weakening.name);
  return {
    format: 'module',
    shortCircuit: true,
    source: source.replace(weakening.code, () => weakening.replacement),
  };
}
