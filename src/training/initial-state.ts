// The state before the first step: given tensors, and random values for what is not given.
import { CodedError } from '../error.ts';
import { isHead, parameterSpecifications, type ParameterSpecification } from './bert/parameters.ts';
import type { BertConfig, NamedTensor, TrainingState } from './job.ts';
import { createKeystream } from './random/keystream.ts';
import { fillNormal } from './random/normal.ts';

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A parameter at a random start, which depends on the seed and its name alone. */
function drawn({ name, shape, start }: ParameterSpecification, seed: number, deviation: number): NamedTensor {
  const data = new Float32Array(elements(shape));
  if (start === 'normal') fillNormal(createKeystream(seed, `initial/${name}`), data, deviation);
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
 * The state at step 0.
 * @param given - pretrained tensors under Hugging Face names with the prefix `bert.`; none for a model from scratch.
 * A classifier or pooler that they lack is drawn at random.
 * @throws CodedError `model_incompatible` naming every tensor that is missing, has another shape or does not belong
 */
export function initialState(
  config: BertConfig,
  labelCount: number,
  seed: number,
  given: readonly NamedTensor[],
): TrainingState {
  const specifications = parameterSpecifications(config, labelCount);
  const byName = new Map(given.map((tensor) => [tensor.name, tensor]));
  checkGiven(specifications, byName);
  const zeros = (): NamedTensor[] =>
    specifications.map(({ name, shape }) => ({ name, shape, data: new Float32Array(elements(shape)) }));
  return {
    step: 0,
    parameters: specifications.map(
      (specification) =>
        byName.get(specification.name) ?? drawn(specification, seed, config.initializerRange),
    ),
    firstMoments: zeros(),
    secondMoments: zeros(),
  };
}
