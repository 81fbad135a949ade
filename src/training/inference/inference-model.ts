// What a model for inference is made from, and the names of its inputs and its output.
import type { BertConfig, ModelHead, NamedTensor } from '../job.ts';

/**
 * `int8`: the encoder's linear layers by dynamic quantization, the range of their input being that of the whole batch;
 * embeddings, attention, LayerNorm and the head stay float32.
 */
export type InferencePrecision = 'float32' | 'int8';

export interface InferenceModel {
  readonly config: BertConfig;
  readonly head: ModelHead & { readonly task: Exclude<ModelHead['task'], 'maskedLanguage'> };
  readonly precision: InferencePrecision;
  /** Encoder and head under their Hugging Face names; linear weights are [outputs, inputs]. Others may be there too. */
  readonly tensors: readonly NamedTensor[];
}

/** Names of the exported model's inputs: int64 [batch, length]. `tokenTypes` only where the model tells types apart. */
export const inferenceInput = {
  tokenIds: 'input_ids',
  attentionMask: 'attention_mask',
  tokenTypes: 'token_type_ids',
} as const;

/** The exported model's one output: float32 [batch, labels], with token classification [batch, length, labels]. */
export const inferenceOutput = 'logits';

/** Whether the type of a token makes a difference: DistilBERT has no types, RoBERTa one. */
export function readsTokenTypes({ typeVocabularySize }: BertConfig): boolean {
  return typeVocabularySize > 1;
}
