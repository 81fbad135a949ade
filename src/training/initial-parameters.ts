// The parameters of a whole model before the first step: given tensors, and random values for what is not given.
import { setImmediate as nextRound } from 'node:timers/promises';
import { CodedError } from '../error.ts';
import { parameterSpecifications, type ParameterSpecification } from './bert/parameters.ts';
import type { BertConfig, ModelHead, NamedTensor } from './job.ts';
import { createKeystream } from './random/keystream.ts';
import { fillNormal, fillUniform } from './random/normal.ts';

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A parameter at a random start, which depends on the seed and its name alone. */
export async function drawParameter(
  { name, shape, start }: ParameterSpecification,
  seed: number,
  deviation: number,
  onProgress: () => void,
): Promise<NamedTensor> {
  const data = new Float32Array(elements(shape));
  if (start === 'normal')
    await fillNormal(createKeystream(seed, `initial/${name}`), data, deviation, onProgress);
  if (start === 'uniform')
    fillUniform(createKeystream(seed, `initial/${name}`), data, 1 / Math.sqrt(shape.at(-1) ?? 1));
  if (start === 'ones') data.fill(1);
  return { name, shape, data };
}

function fits(tensor: NamedTensor, { shape }: ParameterSpecification): boolean {
  return (
    tensor.shape.length === shape.length &&
    tensor.shape.every((size, axis) => size === shape[axis]) &&
    tensor.data.length === elements(shape)
  );
}

function checkGiven(
  specifications: readonly ParameterSpecification[],
  given: ReadonlyMap<string, NamedTensor>,
  isHead: (specification: ParameterSpecification) => boolean,
): void {
  const wrong = specifications.flatMap((specification) => {
    const tensor = given.get(specification.name);
    if (tensor === undefined || fits(tensor, specification)) return [];
    return [
      `${tensor.name} is [${tensor.shape.join(', ')}] and should be [${specification.shape.join(', ')}]`,
    ];
  });
  if (wrong.length > 0) throw new CodedError('model_incompatible', `${wrong.join('; ')}.`);
  const names = new Set(specifications.map(({ name }) => name));
  const unknown = [...given.keys()].filter((name) => !names.has(name));
  if (unknown.length > 0)
    throw new CodedError(
      'model_incompatible',
      `The model has tensors that do not belong to it: ${unknown.join(', ')}.`,
    );
  const missing = specifications
    .filter((specification) => !given.has(specification.name) && !isHead(specification))
    .map(({ name }) => name);
  if (given.size > 0 && missing.length > 0)
    throw new CodedError('model_incompatible', `The model lacks ${missing.join(', ')}.`);
}

/**
 * Every parameter of a model at step 0. Other work goes on while they are made, which takes seconds for a large model.
 * @param seed of what is drawn.
 * @param given pretrained tensors under Hugging Face names; none for a model from scratch. A head that they lack is drawn
 * at random.
 * @param onProgress called each time before other work goes on, once a tensor at least; what it throws ends the work.
 * @throws CodedError `model_incompatible` naming every tensor that is missing, has another shape or does not belong
 */
export async function initialParameters(
  { config, head }: { readonly config: BertConfig; readonly head: ModelHead },
  seed: number,
  given: readonly NamedTensor[],
  onProgress: () => void = () => undefined,
): Promise<NamedTensor[]> {
  const specifications = parameterSpecifications(config, head);
  const byName = new Map(given.map((tensor) => [tensor.name, tensor]));
  checkGiven(specifications, byName, ({ depth }) => depth > config.layers);
  const parameters: NamedTensor[] = [];
  for (const specification of specifications) {
    const { name } = specification;
    parameters.push(
      byName.get(name) ?? (await drawParameter(specification, seed, config.initializerRange, onProgress)),
    );
    onProgress();
    await nextRound();
  }
  return parameters;
}
