// What must be said about an operator: its result type, its gradient, its ONNX form.
import type { GraphBuilder } from './builder.ts';
import type { OnnxNode, OnnxTensor } from './onnx-schema.ts';
import type { OperatorAttributes, OperatorKind } from './operators.ts';
import type { NodeOf, Tensor, TensorType } from './tensor.ts';

/** An input through which no gradient passes because its values are not real numbers (indices, labels). */
export const discrete = Symbol('discrete');

/** Builds the gradient with respect to each input, given that of the first output. It may be wider than the input
 * by broadcasting: the walk sums that away. */
export type GradientRule<Kind extends OperatorKind> = (
  build: GraphBuilder,
  node: NodeOf<Kind>,
  outputGradient: Tensor,
  /** Of every output; undefined where nothing depends on it. */
  all: readonly (Tensor | undefined)[],
) => readonly (Tensor | typeof discrete)[];

/** Says that an operator has no gradient, and why; to differentiate through it is an error. */
interface NotDifferentiable {
  readonly notDifferentiable: string;
}

/** Collects the ONNX form of a graph. */
export interface Emitter {
  node(node: OnnxNode): void;
  initializer(tensor: OnnxTensor): void;
  /** A one-dimensional int64 constant; returns its name. */
  integers(values: readonly number[]): string;
  /** A name that nothing else has. */
  fresh(hint: string): string;
}

export interface Rule<Kind extends OperatorKind> {
  /** The types of the outputs. Throws an Error when the inputs do not fit. */
  infer(inputs: readonly Tensor[], attributes: OperatorAttributes[Kind]): readonly TensorType[];
  readonly gradient: GradientRule<Kind> | NotDifferentiable;
  /** Whether outputs after the first have gradients too. */
  readonly ofSeveralOutputs?: true;
  emit(node: NodeOf<Kind>, emitter: Emitter): void;
}

export type RulesOf<Kinds extends OperatorKind> = { readonly [Kind in Kinds]: Rule<Kind> };

/**
 * Input `index` of an operator.
 * @throws Error when it is missing.
 */
export function operand(inputs: readonly Tensor[], index: number): Tensor {
  const tensor = inputs[index];
  if (tensor === undefined) throw new Error(`Operand ${index} is missing.`);
  return tensor;
}

/**
 * Holds an operand to an element type.
 * @throws Error naming both types when it has another.
 */
export function requireType(tensor: Tensor, ...types: readonly TensorType['type'][]): void {
  if (!types.includes(tensor.type))
    throw new Error(`${tensor.name} is ${tensor.type}; ${types.join(' or ')} is needed.`);
}
