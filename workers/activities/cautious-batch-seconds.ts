// How long a batch may take on a slow machine: what its silence is measured by until batches have been timed.
import { parameterSpecifications } from '../../src/training/bert/parameters.ts';
import type { BertConfig, ModelHead } from '../../src/training/job.ts';

/** A processor is expected to do at least this many floating-point operations a second. */
const leastOperationsASecond = 40e9;
/** Operations a parameter and token: two forward, four backward (arXiv:2001.08361, 2.1). */
export const forwardOperations = 2;
export const trainingOperations = 6;
/** A parameter and its two moments, 32 bits each. */
const stateBytesAParameter = 12;
/** The state is made, copied into the engine's thread, loaded, read and written by a step, and copied out. */
const passesOverState = 6;
const leastBytesASecond = 1e9;

/**
 * The time of a batch on a slow machine. Attention is not counted: it is small beside the rest up to 512 tokens. Each token
 * is multiplied with the layers alone, but a pass over the state takes all parameters, embeddings included.
 *
 * @param tokens padding included.
 * @param operations a parameter and token.
 */
export function cautiousBatchSeconds(
  { config, head }: { readonly config: BertConfig; readonly head: ModelHead },
  tokens: number,
  operations: number,
): number {
  const { layers, hiddenSize, intermediateSize } = config;
  const multiplied = layers * (4 * hiddenSize ** 2 + 2 * hiddenSize * intermediateSize);
  const computing = (operations * multiplied * tokens) / leastOperationsASecond;
  const moving = (parameterCount(config, head) * stateBytesAParameter * passesOverState) / leastBytesASecond;
  return computing + moving;
}

function parameterCount(config: BertConfig, head: ModelHead): number {
  return parameterSpecifications(config, head).reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
}
