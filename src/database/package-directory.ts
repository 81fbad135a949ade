// Where the project's own files lie, whether its code runs from its sources or from what they were built into.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest folder above this file that has a package.json. */
export function packageDirectory(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'package.json')) && dirname(directory) !== directory)
    directory = dirname(directory);
  return directory;
}
