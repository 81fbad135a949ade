// Which parameters a recipe trains and which it leaves, and how both lie in the graph.
import { adapterSpecifications } from './bert/lora.ts';
import { leavesOf, type Leaf } from './bert/leaves.ts';
import { parameterSpecifications, type ParameterSpecification } from './bert/parameters.ts';
import type { BertConfig, ModelHead, Recipe } from './job.ts';
import { planSlots, type Slot } from './state-slots.ts';

export interface ModelLayout {
  readonly leaves: readonly Leaf[];
  readonly trained: readonly Slot[];
  readonly frozen: readonly Slot[];
  /** Of the tensors that are trained, by name. */
  readonly trainedShapes: ReadonlyMap<string, readonly number[]>;
  readonly frozenShapes: ReadonlyMap<string, readonly number[]>;
  /** For each group of slots what its learning rate is multiplied with. */
  readonly groups: readonly number[];
}

type LayoutRecipe = Pick<Recipe, 'freeze' | 'lora' | 'layerDecay'>;

/** Whether a recipe trains a parameter of the model itself. */
function isTrained(
  { depth }: ParameterSpecification,
  config: BertConfig,
  { freeze, lora }: LayoutRecipe,
): boolean {
  if (depth > config.layers) return true;
  if (lora !== null) return false;
  return depth === 0 ? !freeze.embeddings : depth > freeze.layers;
}

function shapesOf(specifications: readonly ParameterSpecification[]): Map<string, readonly number[]> {
  return new Map(specifications.map(({ name, shape }) => [name, shape]));
}

/**
 * The layout of a model under a recipe. With `layerDecay` each depth is a group: the head has the full rate, each layer
 * that of the one above times the decay, the embeddings the least (Howard and Ruder, arXiv 1801.06146).
 * @param config with the size of the vocabulary in use.
 */
export function modelLayout(config: BertConfig, head: ModelHead, recipe: LayoutRecipe): ModelLayout {
  const own = parameterSpecifications(config, head);
  const trained = [
    ...own.filter((specification) => isTrained(specification, config, recipe)),
    ...(recipe.lora === null ? [] : adapterSpecifications(config, recipe.lora.rank)),
  ];
  const frozen = own.filter((specification) => !isTrained(specification, config, recipe));
  const { layerDecay } = recipe;
  const top = config.layers + 1;
  const groupOf = (depth: number): number => (layerDecay === null ? 0 : depth);
  const trainedLeaves = leavesOf(config, trained);
  const frozenLeaves = leavesOf(config, frozen);
  return {
    leaves: [...trainedLeaves, ...frozenLeaves],
    trained: planSlots(trainedLeaves, groupOf),
    frozen: planSlots(frozenLeaves, () => top + 1),
    trainedShapes: shapesOf(trained),
    frozenShapes: shapesOf(frozen),
    groups:
      layerDecay === null ? [1] : Array.from({ length: top + 1 }, (_, depth) => layerDecay ** (top - depth)),
  };
}
