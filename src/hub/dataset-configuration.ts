// What a dataset's README says of its files: the configurations in its YAML front matter (huggingface.co/docs/hub/datasets-manual-configuration).
import { parse } from 'yaml';
import { CodedError } from '../error.ts';
import { isJsonObject } from '../json/json-object.ts';

/** Where the files of a split are: patterns with `*`, `**` and `?`. */
export interface SplitPatterns {
  readonly split: string;
  readonly patterns: readonly string[];
}

export interface DatasetConfiguration {
  readonly name: string;
  readonly isDefault: boolean;
  /** Of all files where the configuration names none. */
  readonly splits: readonly SplitPatterns[];
}

const frontMatterPattern = /^---\r?\n([\s\S]*?)\r?\n---(?:\r?\n|$)/;

/**
 * The configurations that a README names, in its order; none where it has no front matter or names none.
 *
 * @throws CodedError `dataset_invalid` for front matter that cannot be read.
 */
export function datasetConfigurations(readme: string): readonly DatasetConfiguration[] {
  const text = frontMatterPattern.exec(readme.replace(/^\uFEFF/, ''))?.[1];
  if (text === undefined) return [];
  const metadata = parsed(text);
  const configurations = isJsonObject(metadata) ? metadata['configs'] : undefined;
  if (!Array.isArray(configurations)) return [];
  return configurations.filter(isJsonObject).map((configuration) => ({
    name: typeof configuration['config_name'] === 'string' ? configuration['config_name'] : 'default',
    isDefault: configuration['default'] === true,
    splits: splitsOf(configuration['data_files'], configuration['data_dir']),
  }));
}

/** `data_files` is one pattern, a list of them (both the training split), or a list of splits with theirs. */
function splitsOf(files: unknown, directory: unknown): readonly SplitPatterns[] {
  const inDirectory = (pattern: string): string =>
    typeof directory === 'string' ? `${directory.replace(/\/$/, '')}/${pattern}` : pattern;
  if (files === undefined && typeof directory === 'string') return [];
  const entries: unknown[] = Array.isArray(files) ? files : [files];
  const plain = entries.filter((entry) => typeof entry === 'string').map(inDirectory);
  const named = entries.filter(isJsonObject).map((entry) => ({
    split: String(entry['split']),
    patterns: [entry['path']]
      .flat()
      .filter((path) => typeof path === 'string')
      .map(inDirectory),
  }));
  return plain.length > 0 ? [{ split: 'train', patterns: plain }, ...named] : named;
}

function parsed(text: string): unknown {
  try {
    // Aliases that multiply are cut off by the parser itself.
    return parse(text) as unknown;
  } catch (error) {
    throw new CodedError('dataset_invalid', 'The front matter of the dataset’s README cannot be read.', {
      cause: error,
    });
  }
}
