// Puts weights into an encoded ONNX model, with one copy of them at most in memory beside the tensors themselves.
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { CodedError } from '../../error.ts';
import { field } from '../graph/onnx-schema.ts';
import type { Weight } from './weight.ts';

/** A protobuf message, and so an ONNX file with its weights inside, is at most so long. */
export const largestOnnxBytes = 2 ** 31 - 1;

/** TensorProto.DataType. */
const elementCode = { float32: 1, int8: 3 } as const;

/** The bytes of a tensor's message up to the data, in the order in which the file has them. */
function weightHeader({ name, shape, data }: Weight): Uint8Array {
  const body = new BinaryWriter();
  for (const size of shape) body.tag(field.tensor.dimensions, WireType.Varint).int64(size);
  const code = data instanceof Float32Array ? elementCode.float32 : elementCode.int8;
  body.tag(field.tensor.type, WireType.Varint).int64(code);
  body.tag(field.tensor.name, WireType.LengthDelimited).string(name);
  body.tag(field.tensor.rawData, WireType.LengthDelimited).uint32(data.byteLength);
  const message = body.finish();
  const outer = new BinaryWriter();
  outer.tag(field.graph.initializers, WireType.LengthDelimited).uint32(message.length + data.byteLength);
  return Buffer.concat([outer.finish(), message]);
}

/** Where the graph's message stands in an encoded model: its tag, its content and its end. */
function locateGraph(model: Uint8Array): { tag: number; content: number; end: number } {
  const reader = new BinaryReader(model);
  while (reader.pos < model.length) {
    const tag = reader.pos;
    const [number, wireType] = reader.tag();
    if (number === field.model.graph) {
      const length = reader.uint32();
      return { tag, content: reader.pos, end: reader.pos + length };
    }
    reader.skip(wireType);
  }
  throw new Error('The model has no graph.');
}

/**
 * The model with the weights among its initializers.
 * @param model ONNX bytes of a graph that refers to the weights by name.
 * @throws CodedError `not_supported` when the file would be over 2 GiB
 */
export function addWeights(model: Uint8Array, weights: readonly Weight[]): Uint8Array<ArrayBuffer> {
  const graph = locateGraph(model);
  const headers = weights.map(weightHeader);
  const added = weights.reduce(
    (sum, { data }, index) => sum + data.byteLength + (headers[index]?.length ?? 0),
    0,
  );
  const estimate = model.length + added;
  if (estimate > largestOnnxBytes - 16)
    throw new CodedError(
      'not_supported',
      `As one ONNX file the model would have ${estimate} bytes; the format ends at ${largestOnnxBytes}. Take it as safetensors.`,
    );
  const graphHead = new BinaryWriter();
  graphHead.tag(field.model.graph, WireType.LengthDelimited).uint32(graph.end - graph.content + added);
  return join([
    model.subarray(0, graph.tag),
    graphHead.finish(),
    model.subarray(graph.content, graph.end),
    ...weights.flatMap(({ data }, index) => [
      headers[index] ?? new Uint8Array(),
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    ]),
    model.subarray(graph.end),
  ]);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let start = 0;
  for (const part of parts) {
    bytes.set(part, start);
    start += part.length;
  }
  return bytes;
}
