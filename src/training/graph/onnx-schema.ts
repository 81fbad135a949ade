// The part of the ONNX protobuf schema (onnx.proto3, IR version 8) that this project writes, as data.
import type { ElementType } from './tensor.ts';

/** One attribute: a plain number is an int. */
export type OnnxAttribute =
  | number
  | { readonly float: number }
  | { readonly text: string }
  | { readonly integers: readonly number[] }
  | { readonly elementType: ElementType }
  | { readonly graph: OnnxGraph };

export interface OnnxNode {
  readonly operator: string;
  /** '' is ONNX's own operator set. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** A named value with its type; a string is a symbolic size. */
export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
  /** A sequence of such tensors instead of one. */
  readonly isSequence?: boolean;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Field numbers of the messages written. */
export const field = {
  model: { irVersion: 1, producerName: 2, graph: 7, operatorSets: 8 },
  operatorSet: { domain: 1, version: 2 },
  graph: { nodes: 1, name: 2, initializers: 5, inputs: 11, outputs: 12 },
  node: { inputs: 1, outputs: 2, name: 3, operator: 4, attributes: 5, domain: 7 },
  attribute: { name: 1, float: 2, integer: 3, text: 4, graph: 6, integers: 8, type: 20 },
  tensor: { dimensions: 1, type: 2, name: 8, rawData: 9 },
  value: { name: 1, type: 2 },
  type: { tensor: 1, sequence: 4 },
  sequenceType: { elementType: 1 },
  tensorType: { elementType: 1, shape: 2 },
  shape: { dimensions: 1 },
  dimension: { value: 1, symbol: 2 },
} as const;

/** AttributeProto.AttributeType. */
export const attributeType = { float: 1, integer: 2, text: 3, graph: 5, integers: 7 } as const;

/** TensorProto.DataType. */
export const elementTypeCode: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
};

export const irVersion = 8;

/** Operator sets that the rules are written for. */
export const operatorSets = [
  { domain: '', version: 18 },
  { domain: 'com.microsoft', version: 1 },
] as const;
