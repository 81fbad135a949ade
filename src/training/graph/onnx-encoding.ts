// Writes an ONNX graph as protobuf bytes. Equal graphs give equal bytes, so that their hash names them.
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  attributeType,
  elementTypeCode,
  field,
  irVersion,
  operatorSets,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './onnx-schema.ts';

function writeText(writer: BinaryWriter, number: number, text: string): void {
  writer.tag(number, WireType.LengthDelimited).string(text);
}

function writeInteger(writer: BinaryWriter, number: number, value: number): void {
  writer.tag(number, WireType.Varint).int64(value);
}

function writeMessage(writer: BinaryWriter, number: number, body: (writer: BinaryWriter) => void): void {
  writer.tag(number, WireType.LengthDelimited).fork();
  body(writer);
  writer.join();
}

function rawData({ type, values }: OnnxTensor): Uint8Array {
  switch (type) {
    case 'float32':
      return new Uint8Array(Float32Array.from(values).buffer);
    case 'int32':
      return new Uint8Array(Int32Array.from(values).buffer);
    case 'int64':
      return new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(values);
  }
}

function writeTensor(writer: BinaryWriter, tensor: OnnxTensor): void {
  for (const dimension of tensor.shape) writeInteger(writer, field.tensor.dimensions, dimension);
  writeInteger(writer, field.tensor.type, elementTypeCode[tensor.type]);
  writeText(writer, field.tensor.name, tensor.name);
  writer.tag(field.tensor.rawData, WireType.LengthDelimited).bytes(rawData(tensor));
}

function writeTensorType(writer: BinaryWriter, { type, shape }: OnnxValue): void {
  writeMessage(writer, field.type.tensor, (tensorWriter) => {
    writeInteger(tensorWriter, field.tensorType.elementType, elementTypeCode[type]);
    writeMessage(tensorWriter, field.tensorType.shape, (shapeWriter) => {
      for (const dimension of shape)
        writeMessage(shapeWriter, field.shape.dimensions, (dimensionWriter) => {
          if (typeof dimension === 'number') writeInteger(dimensionWriter, field.dimension.value, dimension);
          else writeText(dimensionWriter, field.dimension.symbol, dimension);
        });
    });
  });
}

function writeValue(writer: BinaryWriter, value: OnnxValue): void {
  writeText(writer, field.value.name, value.name);
  writeMessage(writer, field.value.type, (typeWriter) => {
    if (value.isSequence === true)
      writeMessage(typeWriter, field.type.sequence, (sequenceWriter) => {
        writeMessage(sequenceWriter, field.sequenceType.elementType, (elementWriter) => {
          writeTensorType(elementWriter, value);
        });
      });
    else writeTensorType(typeWriter, value);
  });
}

function writeAttribute(writer: BinaryWriter, name: string, attribute: OnnxAttribute): void {
  const numbers = field.attribute;
  writeText(writer, numbers.name, name);
  if (typeof attribute === 'number') {
    writeInteger(writer, numbers.integer, attribute);
    writeInteger(writer, numbers.type, attributeType.integer);
  } else if ('elementType' in attribute) {
    writeInteger(writer, numbers.integer, elementTypeCode[attribute.elementType]);
    writeInteger(writer, numbers.type, attributeType.integer);
  } else if ('float' in attribute) {
    writer.tag(numbers.float, WireType.Bit32).float(attribute.float);
    writeInteger(writer, numbers.type, attributeType.float);
  } else if ('text' in attribute) {
    writeText(writer, numbers.text, attribute.text);
    writeInteger(writer, numbers.type, attributeType.text);
  } else if ('integers' in attribute) {
    for (const value of attribute.integers) writeInteger(writer, numbers.integers, value);
    writeInteger(writer, numbers.type, attributeType.integers);
  } else {
    writeMessage(writer, numbers.graph, (body) => writeGraph(body, attribute.graph));
    writeInteger(writer, numbers.type, attributeType.graph);
  }
}

function writeNode(writer: BinaryWriter, node: OnnxNode): void {
  for (const input of node.inputs) writeText(writer, field.node.inputs, input);
  for (const output of node.outputs) writeText(writer, field.node.outputs, output);
  writeText(writer, field.node.name, `node_${node.outputs.join('_')}`);
  writeText(writer, field.node.operator, node.operator);
  for (const [name, attribute] of Object.entries(node.attributes ?? {}))
    writeMessage(writer, field.node.attributes, (body) => writeAttribute(body, name, attribute));
  if (node.domain !== undefined && node.domain !== '') writeText(writer, field.node.domain, node.domain);
}

function writeGraph(writer: BinaryWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) writeMessage(writer, field.graph.nodes, (body) => writeNode(body, node));
  writeText(writer, field.graph.name, graph.name);
  for (const tensor of graph.initializers)
    writeMessage(writer, field.graph.initializers, (body) => writeTensor(body, tensor));
  for (const value of graph.inputs)
    writeMessage(writer, field.graph.inputs, (body) => writeValue(body, value));
  for (const value of graph.outputs)
    writeMessage(writer, field.graph.outputs, (body) => writeValue(body, value));
}

/** The bytes of an ONNX model (ModelProto) that holds the graph. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const writer = new BinaryWriter();
  writeInteger(writer, field.model.irVersion, irVersion);
  writeText(writer, field.model.producerName, 'bert-eval-coordinator');
  writeMessage(writer, field.model.graph, (body) => writeGraph(body, graph));
  for (const set of operatorSets)
    writeMessage(writer, field.model.operatorSets, (body) => {
      writeText(body, field.operatorSet.domain, set.domain);
      writeInteger(body, field.operatorSet.version, set.version);
    });
  return writer.finish();
}
