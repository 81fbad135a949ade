// The tensors of a Hugging Face BERT checkpoint: which there must be, of what shape, and which are of no use here.
import type { ModelConfig } from './model-config.ts';

/** Names and shapes of the encoder's parameters, under the prefix `bert.`. */
export interface EncoderTensors {
  readonly required: ReadonlyMap<string, readonly number[]>;
  /** Drawn from the seed where a checkpoint lacks them. */
  readonly optional: ReadonlyMap<string, readonly number[]>;
}

/** Every parameter of the encoder of this configuration; linear weights are `[out, in]`. */
export function encoderTensors(config: ModelConfig): EncoderTensors {
  const { hiddenSize, intermediateSize } = config;
  const required = new Map<string, readonly number[]>([
    ['bert.embeddings.word_embeddings.weight', [config.vocabularySize, hiddenSize]],
    ['bert.embeddings.position_embeddings.weight', [config.maxPositions, hiddenSize]],
    ['bert.embeddings.token_type_embeddings.weight', [config.typeVocabularySize, hiddenSize]],
    ['bert.embeddings.LayerNorm.weight', [hiddenSize]],
    ['bert.embeddings.LayerNorm.bias', [hiddenSize]],
  ]);
  for (let layer = 0; layer < config.layers; layer += 1) {
    const linear = (name: string, output: number, input: number): void => {
      required.set(`bert.encoder.layer.${layer}.${name}.weight`, [output, input]);
      required.set(`bert.encoder.layer.${layer}.${name}.bias`, [output]);
    };
    const norm = (name: string): void => {
      required.set(`bert.encoder.layer.${layer}.${name}.weight`, [hiddenSize]);
      required.set(`bert.encoder.layer.${layer}.${name}.bias`, [hiddenSize]);
    };
    linear('attention.self.query', hiddenSize, hiddenSize);
    linear('attention.self.key', hiddenSize, hiddenSize);
    linear('attention.self.value', hiddenSize, hiddenSize);
    linear('attention.output.dense', hiddenSize, hiddenSize);
    norm('attention.output.LayerNorm');
    linear('intermediate.dense', intermediateSize, hiddenSize);
    linear('output.dense', hiddenSize, intermediateSize);
    norm('output.LayerNorm');
  }
  const optional = new Map<string, readonly number[]>([
    ['bert.pooler.dense.weight', [hiddenSize, hiddenSize]],
    ['bert.pooler.dense.bias', [hiddenSize]],
  ]);
  return { required, optional };
}

/** Names that checkpoints have in common and that no classifier needs: heads of other tasks and stored position numbers. */
const ignoredNames = /^(?:cls\.|classifier\.|qa_outputs\.|(?:bert\.)?embeddings\.position_ids$)/;

/** Whether a tensor is passed over: `cls.*`, a head, `position_ids`. */
export function isIgnoredTensor(name: string): boolean {
  return ignoredNames.test(name);
}

/**
 * The name that a parameter has in `BertForSequenceClassification`: bare encoders lack the prefix `bert.`, and the oldest
 * checkpoints call weight and bias of a LayerNorm gamma and beta.
 */
export function parameterName(name: string): string {
  const modern = name
    .replace(/\.LayerNorm\.gamma$/, '.LayerNorm.weight')
    .replace(/\.LayerNorm\.beta$/, '.LayerNorm.bias');
  return /^(?:embeddings|encoder|pooler)\./.test(modern) ? `bert.${modern}` : modern;
}
