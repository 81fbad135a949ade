// The parameters of a BERT classifier: names as in Hugging Face checkpoints, shapes, and how each starts.
import type { BertConfig } from '../job.ts';

export interface ParameterSpecification {
  readonly name: string;
  readonly shape: readonly number[];
  /** Value at a random start: normal(0, initializerRange), all 0, or all 1. */
  readonly start: 'normal' | 'zeros' | 'ones';
}

function dense(name: string, outputs: number, inputs: number): ParameterSpecification[] {
  return [
    { name: `${name}.weight`, shape: [outputs, inputs], start: 'normal' },
    { name: `${name}.bias`, shape: [outputs], start: 'zeros' },
  ];
}

function layerNorm(name: string, width: number): ParameterSpecification[] {
  return [
    { name: `${name}.weight`, shape: [width], start: 'ones' },
    { name: `${name}.bias`, shape: [width], start: 'zeros' },
  ];
}

function encoderLayer(prefix: string, config: BertConfig): ParameterSpecification[] {
  const { hiddenSize, intermediateSize } = config;
  return [
    ...dense(`${prefix}.attention.self.query`, hiddenSize, hiddenSize),
    ...dense(`${prefix}.attention.self.key`, hiddenSize, hiddenSize),
    ...dense(`${prefix}.attention.self.value`, hiddenSize, hiddenSize),
    ...dense(`${prefix}.attention.output.dense`, hiddenSize, hiddenSize),
    ...layerNorm(`${prefix}.attention.output.LayerNorm`, hiddenSize),
    ...dense(`${prefix}.intermediate.dense`, intermediateSize, hiddenSize),
    ...dense(`${prefix}.output.dense`, hiddenSize, intermediateSize),
    ...layerNorm(`${prefix}.output.LayerNorm`, hiddenSize),
  ];
}

/** The prefix of encoder layer `layer`, counted from 0. */
export function layerPrefix(layer: number): string {
  return `bert.encoder.layer.${layer}`;
}

/** Every parameter of the classifier, in the order in which states list them. Linear weights are [outputs, inputs]. */
export function parameterSpecifications(config: BertConfig, labelCount: number): ParameterSpecification[] {
  const { hiddenSize } = config;
  const table = (name: string, rows: number): ParameterSpecification => ({
    name: `bert.embeddings.${name}.weight`,
    shape: [rows, hiddenSize],
    start: 'normal',
  });
  return [
    table('word_embeddings', config.vocabularySize),
    table('position_embeddings', config.maxPositions),
    table('token_type_embeddings', config.typeVocabularySize),
    ...layerNorm('bert.embeddings.LayerNorm', hiddenSize),
    ...Array.from({ length: config.layers }, (_, layer) => encoderLayer(layerPrefix(layer), config)).flat(),
    ...dense('bert.pooler.dense', hiddenSize, hiddenSize),
    ...dense('classifier', labelCount, hiddenSize),
  ];
}

/** Whether a checkpoint of the encoder alone may lack this parameter, so that it is drawn at random. */
export function isHead(name: string): boolean {
  return name.startsWith('classifier.') || name.startsWith('bert.pooler.');
}

/** Whether weight decay applies: not to biases nor to anything of a LayerNorm. */
export function decays(name: string): boolean {
  return !name.endsWith('.bias') && !name.includes('LayerNorm');
}
