// Linear layers in the precision asked for: their products and, apart from them, their biases, which the fused operators that follow add.
import type { GraphWriter } from './graph-writer.ts';
import type { InferencePrecision } from './inference-model.ts';
import { quantizeColumns } from './quantization.ts';
import { concatenate, packTransposed, type SourceTensors } from './weight.ts';

interface LinearContext {
  readonly write: GraphWriter;
  readonly tensors: SourceTensors;
}

/** One linear layer, or several of the same sizes that read the same input. */
export interface LinearLayers {
  /** Each has a `.weight` [outputs, inputs] and a `.bias` [outputs]. */
  readonly names: readonly string[];
  readonly inputs: number;
  readonly outputs: number;
}

/**
 * x times the transposed weights of the layers side by side, without biases.
 * @param x float32 [..., inputs].
 * @returns the name of float32 [..., sum of outputs]
 */
export function product(
  { write, tensors }: LinearContext,
  x: string,
  { names, inputs, outputs }: LinearLayers,
  precision: InferencePrecision,
): string {
  const { data, shape } = packTransposed(
    names.map((name) => tensors.require(`${name}.weight`, [outputs, inputs])),
  );
  const name = `${names.join('+')}.weight`;
  if (precision === 'float32') return write.node('MatMul', [x, write.weight(name, shape, data)]);
  const columns = shape[1];
  const quantized = quantizeColumns(data, columns);
  return write.node('DynamicQuantizeMatMul', [
    x,
    write.weight(`${name}.int8`, shape, quantized.data),
    write.weight(`${name}.scale`, [columns], quantized.scales),
  ]);
}

/** @returns the name of float32 [sum of outputs] */
export function bias({ write, tensors }: LinearContext, { names, outputs }: LinearLayers): string {
  const data = concatenate(names.map((name) => tensors.require(`${name}.bias`, [outputs])));
  return write.weight(`${names.join('+')}.bias`, [data.length], data);
}
