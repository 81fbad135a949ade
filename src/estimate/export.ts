// Whether a trained model can be exported: its ONNX file is one message of protobuf with all weights inside.
import { CodedError } from '../error.ts';
import { wholeModelParameters, type EstimatedTraining } from './model.ts';

/** A protobuf message is at most so long. */
export const largestOnnxBytes = 2 ** 31 - 1;

const bytesAValue = 4;
/** Of nodes, names and shapes, at the most: of the whole graph, and of each layer. */
const graphBytes = { fixed: 4096, layer: 4096 } as const;

type ExportedModel = Pick<EstimatedTraining, 'config' | 'head'>;

/** Bytes of the ONNX file of a model in float32: a few thousand a layer more than it will be, never fewer. */
export function onnxFileBytes(model: ExportedModel): number {
  return (
    wholeModelParameters(model) * bytesAValue + graphBytes.fixed + graphBytes.layer * model.config.layers
  );
}

/**
 * Refuses a model that could be trained and not be exported, before it is trained: an evaluation is made with its ONNX file.
 *
 * @throws CodedError `not_supported`
 */
export function requireExportable(model: ExportedModel): void {
  const bytes = onnxFileBytes(model);
  if (bytes <= largestOnnxBytes) return;
  throw new CodedError(
    'not_supported',
    `The trained model would have ${wholeModelParameters(model)} parameters, as one ONNX file about ${bytes} bytes; the format ends at ${largestOnnxBytes}.`,
  );
}
