// Where the entries of threads are.

/** Threads load JavaScript: from TypeScript sources, as under a test runner, the compiled tree `dist` beside `src`. */
export function threadLocation(entry: 'engine-thread' | 'preparer-thread' | 'inference-thread'): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL(`../../../dist/src/training/runtime/${entry}.js`, import.meta.url)
    : new URL(`./${entry}.js`, import.meta.url);
}
