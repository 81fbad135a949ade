// A model as the store has it: its configuration, its tokenizer and its weights, a blob each, under one hash.
import { CodedError } from '../error.ts';
import type { BlobRef } from '../experiment/blob.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import { sha256Of, type BlobStore } from '../storage/blob-store.ts';
import { inspectModel, type ModelFiles } from './model-folder.ts';
import type { ModelConfig } from './model-config.ts';

/** Of configuration, tokenizer or vocabulary, each. */
export const longestTextFileBytes = 64 * 1024 * 1024;

export interface StoredModel {
  readonly sha256: string;
  readonly architecture: string;
  readonly parameters: number;
  /** Names of tensors that were left aside. */
  readonly ignored: readonly string[];
  /** As a mapped type, which fits a record of any names as an interface does not. */
  readonly config: { readonly [Name in keyof ModelConfig]: ModelConfig[Name] };
  readonly blobs: { readonly config: BlobRef; readonly tokenizer: BlobRef; readonly weights: BlobRef };
}

/**
 * Checks that files make a model, and stores them.
 *
 * @param storeWeights has the weights stored: called when everything fits together.
 * @throws CodedError as {@link inspectModel} does; `storage_unavailable`.
 */
export async function storeModel(
  blobs: BlobStore,
  files: ModelFiles,
  storeWeights: () => Promise<BlobRef>,
): Promise<StoredModel> {
  const { config, tokenizerJson, ...inspected } = await inspectModel(files);
  const stored = {
    config: await blobs.putBytes(Buffer.from(files.config)),
    tokenizer: await blobs.putBytes(Buffer.from(tokenizerJson)),
    weights: await storeWeights(),
  };
  const hashes = Object.fromEntries(Object.entries(stored).map(([name, { sha256 }]) => [name, sha256]));
  return { ...inspected, sha256: sha256Of(canonicalJson(hashes)), config: { ...config }, blobs: stored };
}

/** The text of a configuration, tokenizer or vocabulary. @throws CodedError `model_invalid`. */
export function modelText(bytes: Uint8Array, fileName: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The decoder says no more than that.
    throw new CodedError('model_invalid', `${fileName} is not UTF-8.`);
  }
}

/** The refusal of a text file over {@link longestTextFileBytes}. */
export function textFileTooLong(fileName: string): CodedError {
  return new CodedError('payload_too_large', `${fileName} is over ${longestTextFileBytes} bytes.`);
}
