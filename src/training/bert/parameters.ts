// The parameters of a model: names as in Hugging Face checkpoints, shapes, how each starts, and how deep it lies.
import type { BertConfig, ModelHead } from '../job.ts';
import { architectures } from './architecture.ts';
import { headModules } from './head.ts';

export interface ParameterSpecification {
  readonly name: string;
  readonly shape: readonly number[];
  /**
   * Value at a random start: normal(0, initializerRange); all 0; all 1; or uniform within 1 / sqrt(inputs), as He et al.
   * (arXiv 1502.01852) draw with the slope sqrt(5) that PyTorch's linear layers and adapters use.
   */
  readonly start: 'normal' | 'zeros' | 'ones' | 'uniform';
  /** 0: embeddings; 1 to the number of layers: that layer; one more: the head. */
  readonly depth: number;
}

/** The name of the table of word embeddings. */
export function wordTable(config: BertConfig): string {
  return `${architectures[config.family].embeddings}.word_embeddings.weight`;
}

function dense(name: string, outputs: number, inputs: number, depth: number): ParameterSpecification[] {
  return [
    { name: `${name}.weight`, shape: [outputs, inputs], start: 'normal', depth },
    { name: `${name}.bias`, shape: [outputs], start: 'zeros', depth },
  ];
}

function layerNorm(name: string, width: number, depth: number): ParameterSpecification[] {
  return [
    { name: `${name}.weight`, shape: [width], start: 'ones', depth },
    { name: `${name}.bias`, shape: [width], start: 'zeros', depth },
  ];
}

function embeddings(config: BertConfig): ParameterSpecification[] {
  const prefix = architectures[config.family].embeddings;
  const table = (name: string, rows: number): ParameterSpecification[] =>
    rows === 0
      ? []
      : [{ name: `${prefix}.${name}.weight`, shape: [rows, config.hiddenSize], start: 'normal', depth: 0 }];
  return [
    ...table('word_embeddings', config.vocabularySize),
    ...table('position_embeddings', config.maxPositions),
    ...table('token_type_embeddings', config.typeVocabularySize),
    ...layerNorm(`${prefix}.LayerNorm`, config.hiddenSize, 0),
  ];
}

function encoderLayer(config: BertConfig, index: number): ParameterSpecification[] {
  const { hiddenSize, intermediateSize } = config;
  const names = architectures[config.family].layer(index);
  const depth = index + 1;
  return [
    ...dense(names.query, hiddenSize, hiddenSize, depth),
    ...dense(names.key, hiddenSize, hiddenSize, depth),
    ...dense(names.value, hiddenSize, hiddenSize, depth),
    ...dense(names.attentionOutput, hiddenSize, hiddenSize, depth),
    ...layerNorm(names.attentionNorm, hiddenSize, depth),
    ...dense(names.wide, intermediateSize, hiddenSize, depth),
    ...dense(names.narrow, hiddenSize, intermediateSize, depth),
    ...layerNorm(names.outputNorm, hiddenSize, depth),
  ];
}

/** Every parameter of a model, in the order in which states list them. Linear weights are [outputs, inputs]. */
export function parameterSpecifications(config: BertConfig, head: ModelHead): ParameterSpecification[] {
  const depth = config.layers + 1;
  return [
    ...embeddings(config),
    ...Array.from({ length: config.layers }, (_, index) => encoderLayer(config, index)).flat(),
    ...headModules(config, head).flatMap((module) => {
      if (module.kind === 'dense') return dense(module.name, module.outputs, config.hiddenSize, depth);
      if (module.kind === 'norm') return layerNorm(module.name, config.hiddenSize, depth);
      return [{ name: module.name, shape: [module.outputs], start: 'zeros' as const, depth }];
    }),
  ];
}
