// Takes a model in: the files of a Hugging Face folder, told apart by their names, published when they fit together.
import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import type { ModelRecord } from '../../database/model-repository.ts';
import { CodedError } from '../../error.ts';
import { defaultProject, newModelId } from '../../experiment/id.ts';
import type { ModelFiles } from '../../model/model-folder.ts';
import { longestTextFileBytes, modelText, storeModel, textFileTooLong } from '../../model/stored-model.ts';
import type { AppDependencies } from '../dependencies.ts';
import { ByteBudget } from './byte-budget.ts';
import { invalidForm, type FormFile } from './form-files.ts';
import { FileHead } from './file-head.ts';
import { HeldUpload } from './held-upload.ts';

const textFileNames = ['config.json', 'tokenizer.json', 'vocab.txt'] as const;
type TextFileName = (typeof textFileNames)[number];
const weightsFileName = 'model.safetensors';

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
    if (size > longestTextFileBytes) throw textFileTooLong(fileName);
    return chunk;
  });
  return buffer(limited);
}

async function drain(content: Readable, budget: ByteBudget): Promise<void> {
  for await (const chunk of content as AsyncIterable<Buffer>) budget.take(chunk.length);
}

async function publish(
  { blobs, repositories }: AppDependencies,
  { texts, weights, ignored }: TakenFiles,
): Promise<{ readonly record: ModelRecord; readonly created: boolean }> {
  const textOf = (name: TextFileName): string | undefined => {
    const bytes = texts.get(name);
    return bytes && modelText(bytes, name);
  };
  const config = textOf('config.json');
  if (config === undefined) throw missingFile('config.json');
  if (!weights) throw missingFile(weightsFileName);
  const { upload, head } = weights;
  const files: ModelFiles = {
    config,
    tokenizer: tokenizerOf(textOf),
    // Of the weights only the head is read, which passed by on its way to the store.
    weights: { sizeBytes: await upload.arrived(), readRange: (start, size) => head.readRange(start, size) },
  };
  const stored = await storeModel(blobs, files, () => upload.publish());
  return repositories.models.createOrGet({
    ...stored,
    projectId: defaultProject,
    id: newModelId(),
    ignored: [...ignored, ...stored.ignored],
  });
}

function tokenizerOf(textOf: (name: TextFileName) => string | undefined): ModelFiles['tokenizer'] {
  const json = textOf('tokenizer.json');
  if (json !== undefined) return { json };
  const vocabulary = textOf('vocab.txt');
  if (vocabulary === undefined) throw missingFile('tokenizer.json or vocab.txt');
  return { vocabulary };
}

function missingFile(name: string): CodedError {
  return new CodedError('model_invalid', `The form has no file ${name}.`);
}
