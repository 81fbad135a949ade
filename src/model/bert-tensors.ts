// The tensors of BERT and RoBERTa encoders, which differ in their prefix only.
import type { ModelConfig } from './model-config.ts';
import { TensorShapes, type EncoderTensors } from './tensor-shapes.ts';

/** Every parameter of the encoder, under the prefix `bert.` or `roberta.`; a pooler is optional. */
export function bertTensors(config: ModelConfig): EncoderTensors {
  const { family, hiddenSize, intermediateSize } = config;
  const required = new TensorShapes(`${family}.embeddings`);
  required.table('word_embeddings', config.vocabularySize, hiddenSize);
  required.table('position_embeddings', config.maxPositions, hiddenSize);
  required.table('token_type_embeddings', config.typeVocabularySize, hiddenSize);
  required.norm('LayerNorm', hiddenSize);
  for (let layer = 0; layer < config.layers; layer += 1) {
    required.under(`${family}.encoder.layer.${layer}`);
    required.linear('attention.self.query', hiddenSize, hiddenSize);
    required.linear('attention.self.key', hiddenSize, hiddenSize);
    required.linear('attention.self.value', hiddenSize, hiddenSize);
    required.linear('attention.output.dense', hiddenSize, hiddenSize);
    required.norm('attention.output.LayerNorm', hiddenSize);
    required.linear('intermediate.dense', intermediateSize, hiddenSize);
    required.linear('output.dense', hiddenSize, intermediateSize);
    required.norm('output.LayerNorm', hiddenSize);
  }
  const optional = new TensorShapes(`${family}.pooler`);
  optional.linear('dense', hiddenSize, hiddenSize);
  return { required: required.shapes, optional: optional.shapes };
}
