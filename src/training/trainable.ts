// Takes a whole model apart into what a recipe trains and what it leaves, before the first step.
import { CodedError } from '../error.ts';
import { adapterSpecifications } from './bert/lora.ts';
import { wordTable } from './bert/parameters.ts';
import { configInUse } from './config-in-use.ts';
import { drawParameter } from './initial-parameters.ts';
import type { BertConfig, ModelHead, NamedTensor, Recipe, TrainingState } from './job.ts';
import { modelLayout } from './model-layout.ts';
import { optimizers } from './optimizer/optimizer.ts';

/** The rows of a table that a vocabulary uses, in its order. */
function rowsInUse({ name, shape, data }: NamedTensor, vocabulary: Int32Array): NamedTensor {
  const width = shape[1] ?? 0;
  const rows = new Float32Array(vocabulary.length * width);
  vocabulary.forEach((id, row) => rows.set(data.subarray(id * width, (id + 1) * width), row * width));
  return { name, shape: [vocabulary.length, width], data: rows };
}

/** A tensor of the whole model as the engine takes it: of the table of words only the rows in use. */
export function tensorInUse(
  tensor: NamedTensor,
  { config, vocabulary }: { readonly config: BertConfig; readonly vocabulary: Int32Array | null },
): NamedTensor {
  return vocabulary !== null && tensor.name === wordTable(config) ? rowsInUse(tensor, vocabulary) : tensor;
}

function zeros({ name, shape, data }: NamedTensor): NamedTensor {
  return { name, shape, data: new Float32Array(data.length) };
}

export interface TrainableModel {
  /** At step 0. */
  readonly start: TrainingState;
  readonly frozen: readonly NamedTensor[];
}

/**
 * The state at step 0 of a recipe, and what stays as it is.
 * @param whole every parameter of the model, the table of words complete.
 * @param vocabulary see `TrainingJob`.
 * @throws CodedError `model_incompatible` when the vocabulary names a word that the model does not have
 */
export async function trainableModel(
  model: { readonly config: BertConfig; readonly head: ModelHead; readonly vocabulary: Int32Array | null },
  recipe: Recipe,
  whole: readonly NamedTensor[],
  onProgress: () => void = () => undefined,
): Promise<TrainableModel> {
  const { config, vocabulary } = model;
  if (vocabulary !== null && (vocabulary.at(-1) ?? 0) >= config.vocabularySize)
    throw new CodedError(
      'model_incompatible',
      `The examples use word ${vocabulary.at(-1) ?? 0}; the vocabulary has ${config.vocabularySize} entries.`,
    );
  const { trainedShapes, frozenShapes } = modelLayout(configInUse(model), model.head, recipe);
  const inUse = whole.map((tensor) => tensorInUse(tensor, model));
  const adapters: NamedTensor[] = [];
  if (recipe.lora !== null)
    for (const specification of adapterSpecifications(config, recipe.lora.rank))
      adapters.push(
        await drawParameter(specification, recipe.seeds.head, config.initializerRange, onProgress),
      );
  const all = new Map([...inUse, ...adapters].map((tensor) => [tensor.name, tensor]));
  const pick = (shapes: ReadonlyMap<string, readonly number[]>): NamedTensor[] =>
    [...shapes.keys()].map((name) => {
      const tensor = all.get(name);
      if (tensor === undefined) throw new Error(`The model lacks ${name}.`);
      return tensor;
    });
  const parameters = pick(trainedShapes);
  const { moments } = optimizers[recipe.optimizer];
  return {
    start: {
      step: 0,
      parameters,
      firstMoments: parameters.map(zeros),
      secondMoments: moments > 1 ? parameters.map(zeros) : [],
      unusedWords: { scale: 1, momentum: 0 },
      evaluations: null,
    },
    frozen: pick(frozenShapes),
  };
}
