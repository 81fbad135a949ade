// Weights inside an ONNX file: where they go, and how large it may become.
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../../src/training/graph/onnx-encoding.ts';
import { addWeights } from '../../../src/training/inference/onnx-file.ts';

const model = encodeModel({ name: 'nothing', nodes: [], initializers: [], inputs: [], outputs: [] });

/** The messages of each length-delimited field of a message. */
function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, Uint8Array[]>();
  while (reader.pos < bytes.length) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited)
      fields.set(number, [...(fields.get(number) ?? []), reader.bytes()]);
    else reader.skip(wireType);
  }
  return fields;
}

describe('weights in an ONNX file', () => {
  it('stand in its one graph, with their values, and leave all else as it was', () => {
    const weights = [
      { name: 'float', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      { name: 'byte', shape: [3], data: Int8Array.of(-127, 0, 127) },
    ];
    const before = fieldsOf(model);
    const after = fieldsOf(addWeights(model, weights));
    expect([...after.keys()]).toEqual([...before.keys()]);
    expect(after.get(8)).toEqual(before.get(8));
    expect(after.get(7)).toHaveLength(1);
    const tensors = fieldsOf(after.get(7)![0]!).get(5)!.map(fieldsOf);
    expect(tensors.map((tensor) => Buffer.from(tensor.get(8)![0]!).toString())).toEqual(['float', 'byte']);
    expect(new Float32Array(Uint8Array.from(tensors[0]!.get(9)![0]!).buffer)).toEqual(weights[0]!.data);
    expect(new Int8Array(Uint8Array.from(tensors[1]!.get(9)![0]!).buffer)).toEqual(weights[1]!.data);
  });

  it('are refused when the file would be over 2 GiB, before they are copied', () => {
    // Pages that are never touched take no memory.
    const half = { shape: [2 ** 28], data: new Float32Array(2 ** 28) };
    expect(() =>
      addWeights(model, [
        { name: 'a', ...half },
        { name: 'b', ...half },
      ]),
    ).toThrow(
      expect.objectContaining({
        code: 'not_supported',
        message: expect.stringContaining('safetensors') as string,
      }),
    );
  });
});
