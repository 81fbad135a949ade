// Which files of a repository are which split: as its README says, else by the names of files and folders.
import { extname } from 'node:path/posix';
import { CodedError } from '../error.ts';
import type { DatasetConfiguration, SplitPatterns } from './dataset-configuration.ts';
import type { HubFile } from './hub-client.ts';
import { fitsPattern } from './path-pattern.ts';
import { quoted } from '../json/quoted.ts';

export interface SplitFiles {
  readonly split: string;
  /** In the order of their paths. */
  readonly files: readonly HubFile[];
}

/** The formats that are read, by extension. */
const formats: Readonly<Record<string, 'csv' | 'tsv' | 'jsonl' | 'parquet'>> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'jsonl',
  '.parquet': 'parquet',
};

/** Words in a path that name a split (huggingface.co/docs/hub/datasets-file-names-and-splits). */
const splitWords: readonly (readonly [split: string, words: readonly string[]])[] = [
  ['train', ['train', 'training']],
  ['validation', ['validation', 'valid', 'dev', 'val']],
  ['test', ['test', 'testing', 'eval', 'evaluation']],
];

/** The format of a data file. @returns `undefined` for a file that is none. */
export function dataFormat(path: string): 'csv' | 'tsv' | 'jsonl' | 'parquet' | undefined {
  return formats[extname(path).toLowerCase()];
}

/**
 * Chooses the files of each split.
 *
 * @param config a configuration's name, or a folder; left out: the default one.
 * @throws CodedError `hub_not_found` naming the configurations where there is no such, or naming what is read where no
 *   file can be.
 */
export function splitFiles(
  files: readonly HubFile[],
  configurations: readonly DatasetConfiguration[],
  config: string | null,
): readonly SplitFiles[] {
  const data = files.filter(({ path }) => dataFormat(path) !== undefined && !isHidden(path)).sort(byPath);
  const configuration = chosen(configurations, config);
  if (configuration !== undefined && configuration.splits.length > 0)
    return filled(configuration.splits.map((split) => matching(data, split)));
  const folder = configuration === undefined ? config : null;
  const inFolder =
    folder === null ? data : data.filter(({ path }) => path.split('/').slice(0, -1).includes(folder));
  if (folder !== null && inFolder.length === 0) {
    const names = configurations.map(({ name }) => name).join(', ') || 'none';
    throw new CodedError(
      'hub_not_found',
      `The dataset has no configuration ${quoted(folder)}; it has: ${names}.`,
    );
  }
  return filled(byName(inFolder));
}

function chosen(
  configurations: readonly DatasetConfiguration[],
  config: string | null,
): DatasetConfiguration | undefined {
  if (config !== null) return configurations.find(({ name }) => name === config);
  const [first] = configurations;
  if (configurations.length < 2) return first;
  const usual = configurations.find(({ isDefault, name }) => isDefault || name === 'default');
  if (usual !== undefined) return usual;
  const names = configurations.map(({ name }) => name).join(', ');
  throw new CodedError(
    'hub_not_found',
    `The dataset has several configurations; name one in config: ${names}.`,
  );
}

function matching(data: readonly HubFile[], { split, patterns }: SplitPatterns): SplitFiles {
  const matches = ({ path }: HubFile): boolean => patterns.some((pattern) => fitsPattern(path, pattern));
  return { split, files: data.filter(matches) };
}

/** Every file is of the split that its path names last; where none is named, all are the training split. */
function byName(data: readonly HubFile[]): SplitFiles[] {
  const named = splitWords.map(([split]) => ({
    split,
    files: data.filter(({ path }) => splitNamed(path) === split),
  }));
  return named.some(({ files }) => files.length > 0) ? named : [{ split: 'train', files: data }];
}

function splitNamed(path: string): string | undefined {
  for (const part of path.toLowerCase().split('/').reverse()) {
    const words = part.split(/[^a-z]+/);
    const found = splitWords.find(([, names]) => names.some((name) => words.includes(name)));
    if (found) return found[0];
  }
  return undefined;
}

function filled(splits: readonly SplitFiles[]): readonly SplitFiles[] {
  const found = splits.filter(({ files }) => files.length > 0);
  if (found.length > 0) return found;
  const extensions = Object.keys(formats).join(', ');
  throw new CodedError(
    'hub_not_found',
    `The dataset has no file that can be read (${extensions}) for any split.`,
  );
}

function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.') || part.startsWith('__'));
}

function byPath(one: HubFile, other: HubFile): number {
  return one.path < other.path ? -1 : 1;
}
