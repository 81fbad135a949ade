// The files of a Hugging Face model folder: do they make one encoder, and what are its weights?
import { CodedError } from '../error.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { deepestNesting, isNestedTooDeep } from '../json/nesting.ts';
import type { BlobRef } from '../experiment/blob.ts';
import { createTokenizer } from '../text/tokenizer.ts';
import { tokenizerJsonFromVocabulary } from '../text/vocabulary.ts';
import { readModelConfig, type ModelConfig } from './model-config.ts';
import type { ModelFamily } from './model-family.ts';
import { readSafetensors, type NamedTensor } from './safetensors.ts';
import {
  lengthPrefixBytes,
  product,
  readHeader,
  readHeaderLength,
  type TensorEntry,
} from './safetensors-header.ts';
import { encoderTensors, isIgnoredTensor, parameterName } from './tensor-names.ts';

export interface ModelFiles {
  /** The text of config.json. */
  readonly config: string;
  /** The text of tokenizer.json, or of vocab.txt where there is none. */
  readonly tokenizer: { readonly json: string } | { readonly vocabulary: string };
  /** model.safetensors. */
  readonly weights: FileReader;
}

/** A file of which parts can be read; it need not be stored. */
export interface FileReader {
  /** Of the whole file. */
  readonly sizeBytes: number;
  /** At most `size` bytes from `start` on: fewer at the end of the file. */
  readRange(start: number, size: number): Promise<Buffer>;
}

export interface InspectedModel {
  /** The family of the encoder: `bert`, `distilbert` or `roberta`. */
  readonly architecture: string;
  /** The number of the encoder's parameters that the file holds. */
  readonly parameters: number;
  /** Tensors of the file that are not used. */
  readonly ignored: readonly string[];
  readonly config: ModelConfig;
  /** The tokenizer.json to go on with, made from vocab.txt where that came. */
  readonly tokenizerJson: string;
}

/**
 * The largest number of half precision (IEEE 754 binary16). Encoders are passed on in it, and the weights of one that computes
 * anything are far below; sums and products of larger ones leave single precision.
 */
const largestWeight = 65_504;

/** Names that a message lists before it counts the rest. */
const listedNames = 10;

/**
 * Checks that configuration, tokenizer and tensors belong to one model. Reads the header of the weights only.
 *
 * @throws CodedError `model_invalid`, `not_supported`, or `model_incompatible`, which names the tensors.
 */
export async function inspectModel(files: ModelFiles): Promise<InspectedModel> {
  refuseDeepNesting('config.json', files.config);
  if ('json' in files.tokenizer) refuseDeepNesting('tokenizer.json', files.tokenizer.json);
  const config = readModelConfig(files.config);
  const tokenizerJson =
    'json' in files.tokenizer
      ? files.tokenizer.json
      : JSON.stringify(tokenizerJsonFromVocabulary(files.tokenizer.vocabulary));
  const tokenizer = createTokenizer(tokenizerJson);
  if (tokenizer.vocabularySize > config.vocabularySize) {
    throw new CodedError(
      'model_incompatible',
      `The tokenizer has ${tokenizer.vocabularySize} tokens, and config.json a vocab_size of ${config.vocabularySize}.`,
    );
  }
  const entries = await readEntries(files.weights);
  const parameters = checkTensors(entries, config);
  const ignored = entries.map(({ name }) => name).filter(isIgnoredTensor);
  return { architecture: config.family, parameters, ignored: ignored.sort(), config, tokenizerJson };
}

/**
 * The encoder's tensors of an inspected model, under names that begin with its family's, checked against the blob's hash.
 *
 * @param onProgress called whenever bytes come.
 * @throws CodedError `blob_missing`, `blob_corrupt`; `model_invalid`, also for a tensor with a value that is not finite or too
 * large to be a weight, which is only found when the values are read.
 */
export async function readModelTensors(
  blobs: BlobStore,
  weights: BlobRef,
  family: ModelFamily,
  onProgress?: () => void,
): Promise<readonly NamedTensor[]> {
  const tensors = await readSafetensors(await blobs.get(weights), weights.sizeBytes, onProgress);
  const used = tensors.filter(({ name }) => !isIgnoredTensor(name));
  refuseStrangeValues(used);
  return used.map((tensor) => ({ ...tensor, name: parameterName(tensor.name, family) }));
}

function refuseStrangeValues(tensors: readonly NamedTensor[]): void {
  // No comparison holds for what is not a number.
  const strange = tensors.filter(({ data }) => !data.every((value) => Math.abs(value) <= largestWeight));
  if (strange.length === 0) return;
  const isFinite = ({ data }: NamedTensor): boolean => data.every(Number.isFinite);
  const namesOf = (some: readonly NamedTensor[]): readonly string[] => some.map(({ name }) => name);
  const problems = [
    ...listed('with values that are not finite', namesOf(strange.filter((tensor) => !isFinite(tensor)))),
    ...listed(`with values beyond ±${largestWeight}`, namesOf(strange.filter(isFinite))),
  ];
  throw new CodedError('model_invalid', `model.safetensors: ${problems.join('; ')}.`);
}

function refuseDeepNesting(fileName: string, json: string): void {
  if (isNestedTooDeep(json))
    throw new CodedError('model_invalid', `${fileName} is nested over ${deepestNesting} levels deep.`);
}

async function readEntries(weights: FileReader): Promise<readonly TensorEntry[]> {
  const headerBytes = readHeaderLength(await weights.readRange(0, lengthPrefixBytes), weights.sizeBytes);
  const header = await weights.readRange(lengthPrefixBytes, headerBytes);
  return readHeader(header, weights.sizeBytes - lengthPrefixBytes - headerBytes);
}

/** Returns the number of parameters. */
function checkTensors(entries: readonly TensorEntry[], config: ModelConfig): number {
  const { required, optional } = encoderTensors(config);
  const missing = new Set(required.keys());
  const seen = new Set<string>();
  const unexpected: string[] = [];
  const misshapen: string[] = [];
  let parameters = 0;
  for (const entry of entries) {
    if (isIgnoredTensor(entry.name)) continue;
    const name = parameterName(entry.name, config.family);
    const shape = required.get(name) ?? optional.get(name);
    missing.delete(name);
    if (shape === undefined || entry.type === 'I64' || seen.has(name)) unexpected.push(entry.name);
    else if (shape.join() !== entry.shape.join()) {
      misshapen.push(`${entry.name} [${entry.shape.join(', ')}] instead of [${shape.join(', ')}]`);
    } else parameters += product(shape);
    seen.add(name);
  }
  const problems = [
    ...listed('missing', [...missing]),
    ...listed('not of this model', unexpected),
    ...listed('of another shape', misshapen),
  ];
  if (problems.length > 0)
    throw new CodedError('model_incompatible', `model.safetensors: ${problems.join('; ')}.`);
  return parameters;
}

function listed(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > listedNames ? ` and ${names.length - listedNames} more` : '';
  return [`${what}: ${names.slice(0, listedNames).join(', ')}${more}`];
}
