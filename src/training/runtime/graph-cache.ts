// Keeps optimized graphs on disk, so that a session over a graph that was seen before opens sooner. A graph is taken only
// under the numeric profile it was optimized for: what an optimization fuses depends on version and processor.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NumericProfile } from '../job.ts';

/** Graphs kept in a directory; beyond it those written longest ago go. */
const mostGraphs = 32;

const extension = '.graph';
const newline = '\n'.charCodeAt(0);

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What is written before the graph: for what it was optimized, and the hash that tells whether it is whole. */
function headerOf(profile: NumericProfile, graph: Uint8Array): string {
  const { onnxruntimeVersion, provider, instructionSet, threads, graphSha256 } = profile;
  return JSON.stringify([onnxruntimeVersion, provider, instructionSet, threads, graphSha256, sha256(graph)]);
}

function fileOf(profile: NumericProfile): string {
  return `${sha256(headerOf(profile, new Uint8Array()))}${extension}`;
}

async function removeOldest(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(extension));
  if (names.length <= mostGraphs) return;
  const files = await Promise.all(
    names.map(async (name) => ({ name, written: (await stat(join(directory, name))).mtimeMs })),
  );
  files.sort((a, b) => b.written - a.written || (a.name < b.name ? -1 : 1));
  for (const { name } of files.slice(mostGraphs)) await rm(join(directory, name), { force: true });
}

/** A folder of optimized graphs; the oldest go when there are too many. */
export class GraphCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The optimized graph of a profile; undefined where there is none that is whole and of this profile. */
  async read(profile: NumericProfile): Promise<Uint8Array | undefined> {
    try {
      const bytes = await readFile(join(this.#directory, fileOf(profile)));
      const end = bytes.indexOf(newline);
      const graph = bytes.subarray(end + 1);
      return bytes.toString('utf8', 0, end) === headerOf(profile, graph) ? graph : undefined;
    } catch {
      // Whatever is wrong with it, it is as if it were not there: the graph is optimized anew.
      return undefined;
    }
  }

  /**
   * Lets `write` write an optimized graph to the path that it is given, and keeps it under the profile. The file appears
   * at once and whole, so that several processes may share a directory.
   * @returns what `write` returns, or undefined when it fails
   */
  async fill<Result>(
    profile: NumericProfile,
    write: (path: string) => Promise<Result>,
  ): Promise<Result | undefined> {
    const path = join(this.#directory, `${randomUUID()}.new`);
    let result: Result | undefined;
    try {
      await mkdir(this.#directory, { recursive: true });
      result = await write(path);
      const graph = await readFile(path);
      await writeFile(path, Buffer.concat([Buffer.from(`${headerOf(profile, graph)}\n`), graph]));
      await rename(path, join(this.#directory, fileOf(profile)));
      await removeOldest(this.#directory);
    } catch {
      // A full or read-only disk costs the time that the cache would save, and nothing else.
      await rm(path, { force: true }).catch(() => undefined);
    }
    return result;
  }
}
