// Whether a tokenizer has what pretraining puts in the place of a word.
import { CodedError } from '../error.ts';
import type { BlobRef } from '../experiment/blob.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { createTokenizer } from '../text/tokenizer.ts';

/**
 * Checks that a model can be pretrained on words that are masked.
 *
 * @throws CodedError `model_incompatible` for a tokenizer without a mask token; `blob_missing`, `blob_corrupt`, and what
 *   {@link createTokenizer} throws.
 */
export async function requireMaskToken(blobs: BlobStore, tokenizer: BlobRef): Promise<void> {
  const json = await blobs.text(tokenizer);
  if (createTokenizer(json).maskId === undefined) throw noMaskToken();
}

/** The refusal of a pretraining that has nothing to put in a word's place. */
export function noMaskToken(): CodedError {
  return new CodedError('model_incompatible', 'Pretraining needs a tokenizer with a mask token.', {
    problems: [{ path: '/training/pretraining', message: 'needs a model whose tokenizer has a mask token' }],
  });
}
