// Where the entries of threads are, for the rooms that start threads of their own.

/** Modules that are the entry of a thread, by their path below this folder. */
type ThreadEntry =
  | 'dataset/parquet-thread'
  | 'training/runtime/engine-thread'
  | 'training/runtime/export-thread'
  | 'training/runtime/inference-thread'
  | 'training/runtime/preparer-thread';

/** Threads load JavaScript: from TypeScript sources, as under a test runner, the compiled tree `dist` beside `src`. */
export function threadLocation(entry: ThreadEntry): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL(`../dist/src/${entry}.js`, import.meta.url)
    : new URL(`./${entry}.js`, import.meta.url);
}
