// The tensors of a Hugging Face checkpoint: which there must be, of what shape, and which are of no use here.
import { bertTensors } from './bert-tensors.ts';
import { distilbertTensors } from './distilbert-tensors.ts';
import type { ModelConfig } from './model-config.ts';
import type { ModelFamily } from './model-family.ts';
import type { EncoderTensors } from './tensor-shapes.ts';

/** Every parameter of the encoder of this configuration; linear weights are `[out, in]`. */
export function encoderTensors(config: ModelConfig): EncoderTensors {
  return config.family === 'distilbert' ? distilbertTensors(config) : bertTensors(config);
}

/**
 * Names that checkpoints have in common and that no encoder needs: heads, and numbers stored beside the embeddings. Heads
 * keep their names, which have no prefix of a family.
 */
const ignoredNames =
  /^(?:(?:cls|lm_head|vocab_transform|vocab_layer_norm|vocab_projector|pre_classifier|classifier|qa_outputs)\.|(?:(?:bert|distilbert|roberta)\.)?embeddings\.(?:position_ids|token_type_ids)$)/;

/** Whether a tensor is passed over: a head, or stored positions and token types. */
export function isIgnoredTensor(name: string): boolean {
  return ignoredNames.test(name);
}

/** What names in an encoder without its family's prefix begin with. */
const bareNames = /^(?:embeddings|encoder|transformer|pooler)\./;

/**
 * The name that a parameter has in the family's models of transformers: bare encoders lack the family's prefix, and the
 * oldest checkpoints call weight and bias of a LayerNorm gamma and beta.
 */
export function parameterName(name: string, family: ModelFamily): string {
  const modern = name
    .replace(/\.LayerNorm\.gamma$/, '.LayerNorm.weight')
    .replace(/\.LayerNorm\.beta$/, '.LayerNorm.bias');
  return bareNames.test(modern) ? `${family}.${modern}` : modern;
}
