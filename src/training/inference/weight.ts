// Weights as an ONNX file holds them, and how the tensors of a checkpoint become such.
import { CodedError } from '../../error.ts';
import type { NamedTensor } from '../job.ts';

/** A named constant of the graph, row-major. */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int8Array;
}

/** Finds tensors by name and checks their shapes. */
export class SourceTensors {
  readonly #byName: ReadonlyMap<string, NamedTensor>;

  constructor(tensors: readonly NamedTensor[]) {
    this.#byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  /**
   * @throws CodedError `model_incompatible` when it is missing or misshapen
   */
  require(name: string, shape: readonly number[]): NamedTensor {
    const tensor = this.#byName.get(name);
    if (tensor === undefined) throw new CodedError('model_incompatible', `There is no tensor ${name}.`);
    const fits =
      tensor.shape.length === shape.length && tensor.shape.every((size, axis) => shape[axis] === size);
    if (!fits)
      throw new CodedError(
        'model_incompatible',
        `${name} is [${tensor.shape.join(', ')}]; it should be [${shape.join(', ')}].`,
      );
    return tensor;
  }
}

/**
 * Linear weights [outputs, inputs] side by side as the right-hand side of one product.
 * @returns float32 [inputs, sum of outputs], row-major
 */
export function packTransposed(parts: readonly NamedTensor[]): {
  data: Float32Array;
  shape: [number, number];
} {
  const inputs = parts[0]?.shape[1] ?? 0;
  const columns = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const data = new Float32Array(inputs * columns);
  let start = 0;
  for (const part of parts) {
    const outputs = part.shape[0] ?? 0;
    for (let output = 0; output < outputs; output++)
      for (let input = 0; input < inputs; input++)
        data[input * columns + start + output] = part.data[output * inputs + input] ?? 0;
    start += outputs;
  }
  return { data, shape: [inputs, columns] };
}

/** Vectors one after another. */
export function concatenate(parts: readonly NamedTensor[]): Float32Array {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let start = 0;
  for (const part of parts) {
    data.set(part.data, start);
    start += part.data.length;
  }
  return data;
}
