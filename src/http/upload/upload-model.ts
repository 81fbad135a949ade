// Takes a model in: the files of a Hugging Face folder, told apart by their names, published when they fit together.
import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import type { ModelRecord } from '../../database/model-repository.ts';
import { CodedError } from '../../error.ts';
import { defaultProject, newModelId } from '../../experiment/id.ts';
import { inspectModel, type ModelFiles } from '../../model/model-folder.ts';
import { sha256Of } from '../../storage/blob-store.ts';
import { canonicalJson } from '../../json/canonical-json.ts';
import type { AppDependencies } from '../dependencies.ts';
import { ByteBudget } from './byte-budget.ts';
import { invalidForm, type FormFile } from './form-files.ts';
import { FileHead } from './file-head.ts';
import { HeldUpload } from './held-upload.ts';

const textFileNames = ['config.json', 'tokenizer.json', 'vocab.txt'] as const;
type TextFileName = (typeof textFileNames)[number];
const weightsFileName = 'model.safetensors';
/** Of configuration, tokenizer or vocabulary, each. */
const longestTextFileBytes = 64 * 1024 * 1024;

interface TakenFiles {
  readonly texts: Map<TextFileName, Buffer>;
  readonly ignored: string[];
  weights?: { readonly upload: HeldUpload; readonly head: FileHead };
}

/**
 * Stores a model.
 *
 * @throws CodedError `model_invalid`, `model_incompatible`, `not_supported`, `payload_too_large`, `invalid_request` for a
 * file that comes twice. Nothing is left behind then.
 */
export async function uploadModel(
  dependencies: AppDependencies,
  files: AsyncIterable<FormFile>,
): Promise<{ readonly record: ModelRecord; readonly created: boolean }> {
  const taken: TakenFiles = { texts: new Map(), ignored: [] };
  try {
    const budget = new ByteBudget(dependencies.limits.modelBytes);
    for await (const file of files) await takeFile(dependencies, file, budget, taken);
    return await publish(dependencies, taken);
  } catch (error) {
    const reason = error instanceof Error ? error : new Error('upload failed', { cause: error });
    await taken.weights?.upload.abandon(reason);
    throw error;
  }
}

async function takeFile(
  { blobs }: AppDependencies,
  { fieldName, fileName, content }: FormFile,
  budget: ByteBudget,
  taken: TakenFiles,
): Promise<void> {
  const textName = textFileNames.find((name) => name === fileName);
  if (textName !== undefined) {
    if (taken.texts.has(textName)) throw invalidForm(fieldName, `${textName} comes twice`);
    taken.texts.set(textName, await readText(content, budget, fileName));
    return;
  }
  if (fileName !== weightsFileName) {
    taken.ignored.push(fileName.slice(0, 200));
    await drain(content, budget);
    return;
  }
  if (taken.weights) throw invalidForm(fieldName, `${weightsFileName} comes twice`);
  const head = new FileHead();
  const upload = new HeldUpload(blobs, content, { budget, look: (chunk) => head.add(chunk) });
  taken.weights = { upload, head };
  await upload.arrived();
}

async function readText(content: Readable, budget: ByteBudget, fileName: string): Promise<Buffer> {
  let size = 0;
  const limited = content.map((chunk: Buffer) => {
    budget.take(chunk.length);
    size += chunk.length;
    if (size > longestTextFileBytes)
      throw new CodedError('payload_too_large', `${fileName} is over ${longestTextFileBytes} bytes.`);
    return chunk;
  });
  return buffer(limited);
}

async function drain(content: Readable, budget: ByteBudget): Promise<void> {
  for await (const chunk of content as AsyncIterable<Buffer>) budget.take(chunk.length);
}

async function publish(dependencies: AppDependencies, { texts, weights, ignored }: TakenFiles) {
  const { blobs, repositories } = dependencies;
  const config = texts.get('config.json');
  if (!config) throw missingFile('config.json');
  if (!weights) throw missingFile(weightsFileName);
  const inspected = await inspect(config, texts, weights);
  const stored = {
    config: await blobs.putBytes(config),
    tokenizer: await blobs.putBytes(Buffer.from(inspected.tokenizerJson)),
    weights: await weights.upload.publish(),
  };
  const hashes = Object.fromEntries(Object.entries(stored).map(([name, { sha256 }]) => [name, sha256]));
  return repositories.models.createOrGet({
    projectId: defaultProject,
    id: newModelId(),
    sha256: sha256Of(canonicalJson(hashes)),
    architecture: inspected.architecture,
    parameters: inspected.parameters,
    ignored: [...ignored, ...inspected.ignored],
    config: { ...inspected.config },
    blobs: stored,
  });
}

/** Checks the files against each other. Of the weights it reads the head, which passed by on its way to the store. */
async function inspect(
  config: Buffer,
  texts: TakenFiles['texts'],
  { upload, head }: NonNullable<TakenFiles['weights']>,
) {
  const sizeBytes = await upload.arrived();
  const json = texts.get('tokenizer.json');
  const vocabulary = texts.get('vocab.txt');
  if (!json && !vocabulary) throw missingFile('tokenizer.json or vocab.txt');
  const files: ModelFiles = {
    config: decode(config, 'config.json'),
    tokenizer: json
      ? { json: decode(json, 'tokenizer.json') }
      : { vocabulary: decode(vocabulary ?? Buffer.alloc(0), 'vocab.txt') },
    weights: { sizeBytes, readRange: (start, size) => head.readRange(start, size) },
  };
  return inspectModel(files);
}

function decode(bytes: Buffer, fileName: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The decoder says no more than that.
    throw new CodedError('model_invalid', `${fileName} is not UTF-8.`);
  }
}

function missingFile(name: string): CodedError {
  return new CodedError('model_invalid', `The form has no file ${name}.`);
}
