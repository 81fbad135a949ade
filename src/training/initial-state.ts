// The state before the first step: given tensors, and random values for what is not given.
import { setImmediate as turn } from 'node:timers/promises';
import { CodedError } from '../error.ts';
import { isHead, parameterSpecifications, type ParameterSpecification } from './bert/parameters.ts';
import type { BertConfig, NamedTensor, TrainingState } from './job.ts';
import { createKeystream } from './random/keystream.ts';
import { fillNormal } from './random/normal.ts';

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A parameter at a random start, which depends on the seed and its name alone. */
async function drawn(
  { name, shape, start }: ParameterSpecification,
  seed: number,
  deviation: number,
  onProgress: () => void,
): Promise<NamedTensor> {
  const data = new Float32Array(elements(shape));
  if (start === 'normal')
    await fillNormal(createKeystream(seed, `initial/${name}`), data, deviation, onProgress);
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
    .filter(({ name }) => !given.has(name) && !isHead(name))
    .map(({ name }) => name);
  if (given.size > 0 && missing.length > 0)
    throw new CodedError('model_incompatible', `The model lacks ${missing.join(', ')}.`);
}

/**
 * The state at step 0. Other work has its turn while it is made, which takes seconds for a large model.
 * @param given - pretrained tensors under Hugging Face names with the prefix `bert.`; none for a model from scratch.
 * A classifier or pooler that they lack is drawn at random.
 * @param onProgress - called before each turn of other work, once a tensor at least; what it throws ends the work
 * @throws CodedError `model_incompatible` naming every tensor that is missing, has another shape or does not belong
 */
export async function initialState(
  config: BertConfig,
  labelCount: number,
  seed: number,
  given: readonly NamedTensor[],
  onProgress: () => void = () => undefined,
): Promise<TrainingState> {
  const specifications = parameterSpecifications(config, labelCount);
  const byName = new Map(given.map((tensor) => [tensor.name, tensor]));
  checkGiven(specifications, byName);
  const parameters: NamedTensor[] = [];
  const firstMoments: NamedTensor[] = [];
  const secondMoments: NamedTensor[] = [];
  for (const specification of specifications) {
    const { name, shape } = specification;
    parameters.push(
      byName.get(name) ?? (await drawn(specification, seed, config.initializerRange, onProgress)),
    );
    firstMoments.push({ name, shape, data: new Float32Array(elements(shape)) });
    secondMoments.push({ name, shape, data: new Float32Array(elements(shape)) });
    onProgress();
    await turn();
  }
  return { step: 0, parameters, firstMoments, secondMoments };
}
