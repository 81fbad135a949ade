// Puts the parts of a forward pass together over the tensors of a graph.
import type { GraphBuilder } from '../graph/builder.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { BertConfig, ModelHead, Recipe } from '../job.ts';
import type { Dropout, Forward } from './forward.ts';
import { isWordBlock, type Leaf } from './leaves.ts';
import { createAdapter } from './lora.ts';

/** What of a job decides the forward pass. */
export interface ForwardModel {
  readonly config: BertConfig;
  readonly head: ModelHead;
  readonly recipe: Pick<Recipe, 'dropout' | 'lora'>;
}

/**
 * @param tensors every leaf by name.
 * @param dropoutOf makes dropout of a probability.
 */
export function openForward(
  build: GraphBuilder,
  { config, head, recipe }: ForwardModel,
  leaves: readonly Leaf[],
  tensors: ReadonlyMap<string, Tensor>,
  dropoutOf: (probability: number) => Dropout,
): Forward {
  const parameter = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`There is no parameter ${name}.`);
    return tensor;
  };
  const wordBlocks = leaves.filter((leaf) => isWordBlock(config, leaf)).map(({ name }) => parameter(name));
  return {
    build,
    config,
    head,
    parameter,
    wordBlocks,
    wordTable: () => build.one('concatenate', wordBlocks, { axis: 0 }),
    dropout: dropoutOf(recipe.dropout),
    adapter: recipe.lora === null ? null : createAdapter(build, config, parameter, recipe.lora, dropoutOf),
  };
}
