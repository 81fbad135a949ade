// Reads a Hugging Face model folder for the scripts beside it: config.json, model.safetensors and, where it is there, the tokenizer.
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readModelConfig } from '../dist/src/model/model-config.js';
import { readSafetensors } from '../dist/src/model/safetensors.js';
import { isIgnoredTensor, parameterName } from '../dist/src/model/tensor-names.js';
import { createTokenizer } from '../dist/src/text/tokenizer.js';
import { parameterSpecifications } from '../dist/src/training/bert/parameters.js';
import { initialParameters } from '../dist/src/training/initial-parameters.js';

export const tasks = ['classification', 'regression', 'multiLabel', 'tokenClassification', 'maskedLanguage'];

/** @returns the configuration as the engine takes it, and config.json itself. */
export function readConfigOf(folder) {
  const json = readFileSync(join(folder, 'config.json'), 'utf8');
  return { config: readModelConfig(json), raw: JSON.parse(json) };
}

/** The outputs that a config.json names; transformers' own default is 2. */
export function labelCountOf(raw) {
  return raw.num_labels ?? (raw.id2label === undefined ? 2 : Object.keys(raw.id2label).length);
}

/** The task that a config.json tells by itself, or undefined. */
export function taskOf(raw) {
  const byProblem = {
    single_label_classification: 'classification',
    multi_label_classification: 'multiLabel',
    regression: 'regression',
  }[raw.problem_type];
  const architecture = raw.architectures?.[0] ?? '';
  if (byProblem !== undefined) return byProblem;
  if (architecture.endsWith('ForTokenClassification')) return 'tokenClassification';
  if (architecture.endsWith('ForMaskedLM')) return 'maskedLanguage';
  return labelCountOf(raw) === 1 ? 'regression' : undefined;
}

/**
 * Every parameter of a model for a head: those of the folder's model.safetensors, a head that it lacks drawn from the seed.
 * What other heads need is passed over; whatever else is missing or too much is refused by name.
 */
export async function readParameters(folder, config, head, seed = 0, file = 'model.safetensors') {
  const path = join(folder, file);
  const read = await readSafetensors(createReadStream(path), statSync(path).size);
  const known = new Set(parameterSpecifications(config, head).map(({ name }) => name));
  const given = read
    .map((tensor) => ({ ...tensor, name: parameterName(tensor.name, config.family) }))
    .filter(({ name }) => known.has(name) || !(isIgnoredTensor(name) || name.includes('.pooler.')));
  return initialParameters({ config, head }, seed, given);
}

/** The tokenizer of a folder, or undefined. */
export function readTokenizer(folder) {
  const path = join(folder, 'tokenizer.json');
  return existsSync(path) ? createTokenizer(readFileSync(path, 'utf8')) : undefined;
}
