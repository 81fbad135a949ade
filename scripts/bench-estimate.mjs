// Measures what training takes - peak memory of the process and seconds a step - for the points that the cost model of
// estimates is held against. Prints one JSON line a point; --table writes them to test/experiment/estimate-points.json, and
// --fit measures nothing and prints the constants of src/experiment/ that fit the table best, largest error first of all.
//   node scripts/build.mjs && node scripts/bench-estimate.mjs [--table] [--only NAME] [--threads N] [--repeats N] | --fit
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fit } from './relative-fit.mjs';

const tableFile = fileURLToPath(new URL('../test/experiment/estimate-points.json', import.meta.url));

const tiny = { layers: 2, hiddenSize: 128, heads: 2, intermediateSize: 512 };
const miniLm = { layers: 6, hiddenSize: 384, heads: 12, intermediateSize: 1536 };
const middle = { layers: 4, hiddenSize: 512, heads: 8, intermediateSize: 2048 };
const base = { layers: 12, hiddenSize: 768, heads: 12, intermediateSize: 3072 };

/** Lengths are spread evenly from `shortest` to `longest`. */
const points = [
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

/** Enough for runs of many steps where steps are short, and for two checkpoints where they are long. */
function lengthOf({ sizes, batchSize, shortest, longest, recipe }) {
  const tokens = (batchSize * (recipe?.gradientAccumulation ?? 1) * (shortest + longest)) / 2;
  const affordable = Math.floor(
    2e12 / (tokens * sizes.layers * sizes.hiddenSize * sizes.intermediateSize * 12 * 6),
  );
  const steps = Math.max(10, Math.min(200, affordable));
  return { steps, everySteps: Math.ceil(steps / 2) };
}

function jobOf(point, threads) {
  const { sizes, words, batchSize, shortest, longest, recipe = {} } = point;
  const { steps } = lengthOf(point);
  const config = {
    family: 'bert',
    ...sizes,
    vocabularySize: 30522,
    maxPositions: 512,
    positionOffset: 0,
    typeVocabularySize: 2,
    layerNormEpsilon: 1e-12,
    initializerRange: 0.02,
  };
  const full = {
    epochs: 1,
    batchSize,
    gradientAccumulation: 1,
    optimizer: 'adamw',
    learningRate: 1e-5,
    schedule: 'linear',
    warmupSteps: null,
    warmupRatio: 0.1,
    weightDecay: 0.01,
    layerDecay: null,
    gradientClipping: 1,
    dropout: 0.1,
    labelSmoothing: 0,
    classWeights: null,
    freeze: { embeddings: false, layers: 0 },
    lora: null,
    seeds: { head: 1, order: 1, dropout: 1 },
    ...recipe,
  };
  const count = steps * batchSize * full.gradientAccumulation;
  const examples = Array.from({ length: count }, (_, index) => {
    const length = shortest + ((index * 7919) % (longest - shortest + 1));
    const tokenIds = Int32Array.from({ length }, (__, place) => (index * 104729 + place * 1299709) % words);
    return { tokenIds, secondStart: length, targets: Int32Array.of(index % 2) };
  });
  return {
    config,
    recipe: full,
    examples,
    vocabulary: Int32Array.from({ length: words }, (_, id) => id),
    threads,
  };
}

/** Evaluates now and then on the training examples, where a point asks for it. */
function evaluationOf({ evaluationBatchSize: batchSize }, examples) {
  if (batchSize === undefined) return null;
  return {
    examples: { examples, targetKind: 'class' },
    batchSize,
    labelNames: ['0', '1'],
    everySteps: 4,
    metric: 'accuracy',
    higherIsBetter: true,
    patience: null,
  };
}

/** Runs one point in this process, which has loaded all that a training worker loads. */
async function measure(point, threads) {
  await import('@temporalio/worker');
  await import('../dist/workers/activities/fine-tune-bert.js');
  await import('../dist/src/database/client.js');
  const { startTraining } = await import('../dist/src/training/trainer.js');
  const { initialParameters } = await import('../dist/src/training/initial-parameters.js');
  const { trainableModel } = await import('../dist/src/training/trainable.js');
  const { safetensorsFile } = await import('../dist/src/model/safetensors.js');
  const { config, recipe, examples, vocabulary } = jobOf(point, threads);
  const head = point.masked
    ? { task: 'maskedLanguage', labelCount: 0 }
    : { task: 'classification', labelCount: 2 };
  const directory = mkdtempSync(join(tmpdir(), 'estimate-'));
  const keep = (tensors) => {
    const file = openSync(join(directory, 'state'), 'w');
    for (const part of safetensorsFile(tensors).parts) writeSync(file, part);
    closeSync(file);
  };
  const start = (whole) => trainableModel({ config, head, vocabulary }, recipe, whole);
  const run = startTraining({
    config,
    head,
    recipe,
    vocabulary,
    firstStep: 0,
    masking: point.masked
      ? { maskId: 3, specialIds: new Set([0, 1, 2, 3]), vocabularySize: point.words }
      : null,
    evaluation: evaluationOf(point, examples),
    threads,
    provider: 'cpu',
    examples: { examples, targetKind: 'class' },
    checkpoint: { everySteps: lengthOf(point).everySteps, everySeconds: 1e9 },
    ...(await start(await initialParameters({ config, head }, 1, []))),
  });
  const runs = [];
  let used = process.cpuUsage();
  for await (const event of run.events) {
    if (event.kind === 'steps') {
      const { user, system } = process.cpuUsage(used);
      runs.push({ seconds: event.seconds, processorSeconds: (user + system) / 1e6, steps: event.steps });
    }
    if (event.kind === 'checkpoint') {
      keep(event.state.parameters);
      keep(event.state.firstMoments);
      keep(event.state.secondMoments);
    }
    used = process.cpuUsage();
  }
  rmSync(directory, { recursive: true });
  const later = runs.slice(2);
  const stepsDone = later.reduce((sum, run) => sum + run.steps.length, 0);
  const tokens = later.flatMap((run) => run.steps).reduce((sum, step) => sum + step.tokens, 0);
  return {
    ...point,
    threads,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    processorSeconds: Math.min(...later.map((run) => run.processorSeconds / run.steps.length)),
    tokensPerStep: tokens / stepsDone,
    longestRun: Math.max(...runs.map((run) => run.steps.length)),
  };
}

/** A training of the table as the cost model takes it. */
function estimated(point) {
  const { sizes, words, batchSize, recipe = {}, masked, longest, tokensPerStep } = point;
  const training = {
    config: { family: 'bert', ...sizes, vocabularySize: 30522, maxPositions: 512, typeVocabularySize: 2 },
    head: masked ? { task: 'maskedLanguage', labelCount: 0 } : { task: 'classification', labelCount: 2 },
    recipe: {
      batchSize,
      gradientAccumulation: 1,
      dropout: 0.1,
      freeze: { embeddings: false, layers: 0 },
      lora: null,
      ...recipe,
      optimizer: { name: recipe.optimizer ?? 'adamw' },
    },
    vocabularySize: words,
  };
  return {
    shape: { tokens: tokensPerStep, width: longest },
    training,
    memory: {
      ...training,
      longest,
      batchTokens: tokensPerStep,
      evaluationTokens: (point.evaluationBatchSize ?? 0) * longest,
      stepSeconds: 0,
      everySteps: point.longestRun,
    },
  };
}

async function fitTable() {
  const { memoryParts } = await import('../dist/src/experiment/estimate-memory.js');
  const { stepWorkload } = await import('../dist/src/experiment/estimate-workload.js');
  const { points } = JSON.parse(readFileSync(tableFile, 'utf8'));
  const all = points.map(estimated);
  const memory = all.map((point) => ({ processBytes: 1, ...memoryParts(point.memory) }));
  const work = all.map(({ training, shape }) => stepWorkload(training, shape));
  const fitTo = (what, parts, measured) =>
    fit(
      what,
      Object.keys(parts[0]),
      parts.map((part) => Object.values(part)),
      measured,
      points,
    );
  fitTo(
    'copies',
    memory,
    points.map(({ peakBytes }) => peakBytes),
  );
  fitTo(
    'referenceSeconds',
    work,
    points.map(({ processorSeconds }) => processorSeconds),
  );
}

function median(numbers) {
  return [...numbers].sort((one, other) => one - other)[Math.floor((numbers.length - 1) / 2)];
}

/** Each run in a process of its own: the median of the peaks, which differ with the garbage collector's timing. */
function measureInProcesses(point, threads, repeats) {
  const runs = Array.from({ length: repeats }, () => {
    const child = spawnSync(
      process.execPath,
      [fileURLToPath(import.meta.url), '--threads', String(threads), '--point', JSON.stringify(point)],
      { encoding: 'utf8' },
    );
    if (child.status !== 0) throw new Error(`${point.name} failed: ${child.stderr}`);
    return JSON.parse(child.stdout.trim().split('\n').at(-1));
  });
  return {
    ...runs[0],
    peakBytes: median(runs.map(({ peakBytes }) => peakBytes)),
    processorSeconds: Math.min(...runs.map(({ processorSeconds }) => processorSeconds)),
  };
}

const { values } = parseArgs({
  options: {
    table: { type: 'boolean', default: false },
    fit: { type: 'boolean', default: false },
    only: { type: 'string' },
    threads: { type: 'string', default: '1' },
    repeats: { type: 'string', default: '1' },
    point: { type: 'string' },
  },
});
const threads = Number(values.threads);

if (values.fit) {
  await fitTable();
} else if (values.point !== undefined) {
  console.log(JSON.stringify(await measure(JSON.parse(values.point), threads)));
} else {
  const measured = [];
  for (const point of points.filter(({ name }) => values.only === undefined || name.includes(values.only))) {
    measured.push(measureInProcesses(point, threads, Number(values.repeats)));
    console.log(JSON.stringify(measured.at(-1)));
  }
  const table = { processor: cpus()[0].model, node: process.version, points: measured };
  if (values.table) writeFileSync(tableFile, `${JSON.stringify(table, undefined, 2)}\n`);
}
