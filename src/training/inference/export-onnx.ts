// A trained model as one ONNX file for inference, for any batch and length.
import { headModules, type HeadModule } from '../bert/head.ts';
import { encodeModel } from '../graph/onnx-encoding.ts';
import type { OnnxValue } from '../graph/onnx-schema.ts';
import { fusedEncoder, type EncoderContext } from './fused-encoder.ts';
import { GraphWriter } from './graph-writer.ts';
import { inferenceInput, inferenceOutput, readsTokenTypes, type InferenceModel } from './inference-model.ts';
import { bias, product } from './linear.ts';
import { addWeights } from './onnx-file.ts';
import { SourceTensors } from './weight.ts';

/** The head in float32: it is small, and rounding there would reach the logits directly. */
function head(context: EncoderContext, model: InferenceModel, hidden: string): string {
  const { write, config } = context;
  const dense = (x: string, { name, outputs }: HeadModule): string => {
    const linear = { names: [name], inputs: config.hiddenSize, outputs };
    return write.node('Add', [product(context, x, linear, 'float32'), bias(context, linear)]);
  };
  // One module is a classifier of tokens; with two, a dense layer over the first token comes before it.
  const [summary, classifier] = headModules(config, model.head);
  if (summary === undefined) throw new Error(`A head for ${model.head.task} has no modules.`);
  if (classifier === undefined) return dense(hidden, summary);
  const first = write.node('Squeeze', [hidden, write.integers([1])]);
  const activation = config.family === 'distilbert' ? 'Relu' : 'Tanh';
  return dense(write.node(activation, [dense(first, summary)]), classifier);
}

/**
 * The bytes of an ONNX file with all weights inside. Inputs {@link inferenceInput}, output {@link inferenceOutput};
 * `attention_mask` is 1 for the tokens of a row, which come first, and 0 for the padding after them.
 *
 * The operators include fused ones of onnxruntime (domain `com.microsoft`), so onnxruntime is what reads it.
 * @throws CodedError `model_incompatible` when a tensor is missing or misshapen; `not_supported` over 2 GiB
 */
export function exportOnnx(model: InferenceModel): Uint8Array<ArrayBuffer> {
  const { config, precision } = model;
  const { task, labelCount } = model.head;
  const write = new GraphWriter();
  const context = { write, config, precision, tensors: new SourceTensors(model.tensors) };
  const perToken = task === 'tokenClassification';
  const hidden = fusedEncoder(context, perToken ? 'all' : 'first');
  write.nameOutput(head(context, model, hidden), inferenceOutput);
  const input = (name: string): OnnxValue => ({ name, type: 'int64', shape: ['batch', 'length'] });
  const encoded = encodeModel({
    name: 'inference',
    nodes: write.nodes,
    initializers: write.constants,
    inputs: [
      input(inferenceInput.tokenIds),
      input(inferenceInput.attentionMask),
      ...(readsTokenTypes(config) ? [input(inferenceInput.tokenTypes)] : []),
    ],
    outputs: [
      {
        name: inferenceOutput,
        type: 'float32',
        shape: perToken ? ['batch', 'length', labelCount] : ['batch', labelCount],
      },
    ],
  });
  return addWeights(encoded, write.weights);
}
