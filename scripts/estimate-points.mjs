// The trainings that the cost model of estimates is measured on and fitted to.
import { encoderSizes } from './training-setup.mjs';

const { tiny, base, 'minilm-sizes': miniLm } = encoderSizes;
const middle = { layers: 4, hiddenSize: 512, heads: 8, intermediateSize: 2048 };

/** Lengths of examples are spread evenly from `shortest` to `longest`; `words` are in use. What is not said is as in a full fine-tuning. */
export const estimatePoints = [
  { name: 'tiny, short', sizes: tiny, words: 4000, batchSize: 32, shortest: 6, longest: 30 },
  { name: 'tiny, 128', sizes: tiny, words: 8000, batchSize: 32, shortest: 128, longest: 128 },
  { name: 'tiny, batch 256', sizes: tiny, words: 8000, batchSize: 256, shortest: 10, longest: 128 },
  { name: 'tiny, 512', sizes: tiny, words: 8000, batchSize: 8, shortest: 512, longest: 512 },
  {
    name: 'tiny, SGD',
    sizes: tiny,
    words: 30000,
    batchSize: 32,
    shortest: 6,
    longest: 30,
    recipe: { optimizer: 'sgd' },
  },
  { name: 'MiniLM, short', sizes: miniLm, words: 9000, batchSize: 32, shortest: 5, longest: 40 },
  { name: 'MiniLM, 128', sizes: miniLm, words: 9000, batchSize: 32, shortest: 128, longest: 128 },
  { name: 'MiniLM, 512', sizes: miniLm, words: 9000, batchSize: 4, shortest: 512, longest: 512 },
  { name: 'MiniLM, all words', sizes: miniLm, words: 30522, batchSize: 16, shortest: 20, longest: 64 },
  {
    name: 'MiniLM, no dropout',
    sizes: miniLm,
    words: 9000,
    batchSize: 32,
    shortest: 128,
    longest: 128,
    recipe: { dropout: 0 },
  },
  {
    name: 'MiniLM, SGD',
    sizes: miniLm,
    words: 9000,
    batchSize: 32,
    shortest: 5,
    longest: 40,
    recipe: { optimizer: 'sgd' },
  },
  {
    name: 'MiniLM, LoRA',
    sizes: miniLm,
    words: 9000,
    batchSize: 32,
    shortest: 20,
    longest: 60,
    recipe: { lora: { rank: 8, alpha: 16, dropout: 0.1 } },
  },
  {
    name: 'MiniLM, frozen',
    sizes: miniLm,
    words: 9000,
    batchSize: 32,
    shortest: 20,
    longest: 60,
    recipe: { freeze: { embeddings: true, layers: 4 } },
  },
  { name: '4 x 512, short', sizes: middle, words: 12000, batchSize: 32, shortest: 10, longest: 50 },
  { name: '4 x 512, 256', sizes: middle, words: 12000, batchSize: 16, shortest: 100, longest: 256 },
  {
    name: '4 x 512, accumulated',
    sizes: middle,
    words: 12000,
    batchSize: 16,
    shortest: 30,
    longest: 128,
    recipe: { gradientAccumulation: 4 },
  },
  {
    name: '4 x 512, LoRA',
    sizes: middle,
    words: 12000,
    batchSize: 16,
    shortest: 128,
    longest: 128,
    recipe: { lora: { rank: 16, alpha: 32, dropout: 0 } },
  },
  { name: 'base, short', sizes: base, words: 9000, batchSize: 16, shortest: 8, longest: 40 },
  {
    name: 'MiniLM, evaluated',
    sizes: miniLm,
    words: 9000,
    batchSize: 16,
    shortest: 20,
    longest: 128,
    evaluationBatchSize: 64,
  },
  {
    name: 'tiny, masked words',
    sizes: tiny,
    words: 30522,
    batchSize: 32,
    shortest: 20,
    longest: 60,
    masked: true,
  },
  {
    name: 'MiniLM, masked words',
    sizes: miniLm,
    words: 30522,
    batchSize: 16,
    shortest: 20,
    longest: 60,
    masked: true,
  },
];

/** What the model of a point predicts. */
export function headOf({ masked }) {
  return masked ? { task: 'maskedLanguage', labelCount: 0 } : { task: 'classification', labelCount: 2 };
}
