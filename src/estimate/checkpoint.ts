// How large a checkpoint is: three safetensors files of what is trained, two where the optimizer has one moment.
import { momentsOf, parameterCounts, type EstimatedTraining } from './model.ts';

/** A tensor's entry in the header of a safetensors file: its name, type, shape and place. */
const headerBytesATensor = 118;
const bytesAValue = 4;

/** Bytes of the files of one checkpoint, without those that all checkpoints of an experiment share. */
export function checkpointBytes(training: EstimatedTraining): number {
  const { values, tensors } = parameterCounts(training).trained;
  return (1 + momentsOf(training.recipe)) * (values * bytesAValue + tensors * headerBytesATensor);
}
