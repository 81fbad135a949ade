// Prints how fast a BERT of MiniLM's sizes trains here: every example as long as the model is asked to read, dropout on.
//   npm run bench:steps -- [batch size] [tokens] [steps] [threads]
import { cpus } from 'node:os';
import { initialState } from '../dist/src/training/initial-state.js';
import { startTraining } from '../dist/src/training/trainer.js';

const [batchSize = 32, length = 128, steps = 24, threads = cpus().length] = process.argv.slice(2).map(Number);
/** The first runs find their length and warm the memory up; they are not counted. */
const warmupSteps = 4;

const config = {
  vocabularySize: 30522,
  hiddenSize: 384,
  layers: 6,
  heads: 12,
  intermediateSize: 1536,
  maxPositions: 512,
  typeVocabularySize: 2,
  layerNormEpsilon: 1e-12,
  initializerRange: 0.02,
};
const count = batchSize * steps;
const examples = {
  tokenIds: Int32Array.from({ length: count * length }, (_, index) => 1000 + ((index * 7919) % 29000)),
  offsets: Int32Array.from({ length: count + 1 }, (_, index) => index * length),
};
const recipe = {
  epochs: 1,
  batchSize,
  learningRate: 5e-5,
  weightDecay: 0.01,
  warmupRatio: 0.1,
  gradientClipping: 1,
  dropout: 0.1,
  seed: 1,
};
const run = startTraining({
  config,
  labelCount: 2,
  examples,
  labels: Int32Array.from({ length: count }, (_, index) => index % 2),
  recipe,
  threads,
  provider: 'cpu',
  start: initialState(config, 2, 1, []),
  checkpoint: { everySteps: 1e9, everySeconds: 1e9 },
});
let done = 0;
const counted = { steps: 0, seconds: 0 };
for await (const event of run.events) {
  if (event.kind !== 'steps') continue;
  if (done >= warmupSteps) {
    counted.steps += event.steps.length;
    counted.seconds += event.seconds;
  }
  done += event.steps.length;
}
const perSecond = counted.steps / counted.seconds;
console.log(
  JSON.stringify({
    model: 'MiniLM-L6-H384',
    batchSize,
    tokens: length,
    threads,
    stepsPerSecond: Number(perSecond.toFixed(3)),
    sequencesPerSecond: Number((perSecond * batchSize).toFixed(1)),
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    processor: cpus()[0].model,
    node: process.version,
  }),
);
