// The tensors of a DistilBERT encoder: no token types, no pooler.
import type { ModelConfig } from './model-config.ts';
import { TensorShapes, type EncoderTensors } from './tensor-shapes.ts';

/** Every parameter of the encoder, under the prefix `distilbert.`. */
export function distilbertTensors(config: ModelConfig): EncoderTensors {
  const { hiddenSize, intermediateSize } = config;
  const required = new TensorShapes('distilbert.embeddings');
  required.table('word_embeddings', config.vocabularySize, hiddenSize);
  required.table('position_embeddings', config.maxPositions, hiddenSize);
  required.norm('LayerNorm', hiddenSize);
  for (let layer = 0; layer < config.layers; layer += 1) {
    required.under(`distilbert.transformer.layer.${layer}`);
    required.linear('attention.q_lin', hiddenSize, hiddenSize);
    required.linear('attention.k_lin', hiddenSize, hiddenSize);
    required.linear('attention.v_lin', hiddenSize, hiddenSize);
    required.linear('attention.out_lin', hiddenSize, hiddenSize);
    required.norm('sa_layer_norm', hiddenSize);
    required.linear('ffn.lin1', intermediateSize, hiddenSize);
    required.linear('ffn.lin2', hiddenSize, intermediateSize);
    required.norm('output_layer_norm', hiddenSize);
  }
  return { required: required.shapes, optional: new Map() };
}
