// Prints how fast a model trains here on real text, beside PyTorch where it is given.
//   npm run bench:training -- --model DIR|tiny|base|minilm-sizes --data FILE.tsv [--batch 32] [--length 128]
//     [--padding groups|maximum] [--steps 30] [--warmup 3] [--threads N] [--dropout 0.1] [--tokenizer DIR] [--seed 42]
//     [--no-compaction] [--gemm] [--json]
//     [--peer PYTHON --peer-script hf_train.py [--peer-padding longest,grouped,max] [--peer-dtype fp32,bf16,fp32-compiled] [--rounds 2]]
// The recipe is the peer's: AdamW, 5e-5 falling to 0, decay 0.01 of all matrices with the embeddings, clipping at 1; its rows
// of the file, its shuffle, its batches. A model without weights starts at random.
//   groups   this engine's way: the sequences of a batch packed into rows, next to no padding computed
//   maximum  every sequence filled with [PAD] to --length, and these read, attended to and differentiated like any word: the
//            work of a batch that is padded to --length. tokensPerSecond still counts the real ones only.
// Only words of the whole file are trained, the others decay (--no-compaction: all are). The first --warmup steps are not
// counted; runs have several steps, so a few more may be left out. Memory is the peak of the whole process.
// --gemm times the matrix products of a step alone, by onnxruntime's own kernel, after the training.
// Prints the result as its last line, indented without --json; with --peer, of every way and their ratios.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exampleTableOf } from '../dist/src/text/example-table.js';
import { initialParameters } from '../dist/src/training/initial-parameters.js';
import { trainableModel } from '../dist/src/training/trainable.js';
import { BatchOrder } from '../dist/src/training/batch-order.js';
import { runLimits } from '../dist/src/training/runtime/run-length.js';
import { startTraining } from '../dist/src/training/trainer.js';
import { encodeTexts, learnTokenizer, readTexts } from './labelled-texts.mjs';
import { readConfigOf, readParameters, readTokenizer } from './model-folder.mjs';
import { peerOrder } from './peer-batches.mjs';
import { deviation, inTurns, lastLineOf, mean } from './peer-turns.mjs';
import { modelSizes, recipeOf, rounded } from './training-setup.mjs';
import { stepCost } from './step-cost.mjs';

const options = {
  model: { type: 'string' },
  data: { type: 'string' },
  batch: { type: 'string', default: '32' },
  length: { type: 'string', default: '128' },
  padding: { type: 'string', default: 'groups' },
  steps: { type: 'string', default: '30' },
  warmup: { type: 'string', default: '3' },
  threads: { type: 'string', default: String(cpus().length) },
  dropout: { type: 'string', default: '0.1' },
  tokenizer: { type: 'string' },
  seed: { type: 'string', default: '42' },
  'no-compaction': { type: 'boolean', default: false },
  gemm: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  peer: { type: 'string' },
  'peer-script': { type: 'string' },
  'peer-padding': { type: 'string', default: 'longest' },
  'peer-dtype': { type: 'string', default: 'fp32' },
  rounds: { type: 'string', default: '2' },
  help: { type: 'boolean', default: false },
};
const given = readArguments();
const [batchSize, length, steps, warmup] = ['batch', 'length', 'steps', 'warmup'].map((name) =>
  Number(given[name]),
);

/** Ends the script with one line that says what is wrong. */
function stop(message) {
  console.error(message.replaceAll('\n', ' '));
  process.exit(2);
}

function readArguments() {
  let values;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    stop(`${error.message.replace(/\.?$/, '.')} --help names the options.`);
  }
  if (values.help) {
    const names = Object.entries(options).map(([name, { type, default: value }]) => {
      if (type === 'boolean') return `[--${name}]`;
      return value === undefined ? `[--${name} …]` : `[--${name} ${value}]`;
    });
    console.log(`npm run bench:training -- ${names.join(' ')}; docs/performance.md says what they mean.`);
    process.exit(0);
  }
  checkNumbers(values);
  checkFiles(values);
  return values;
}

function checkNumbers(values) {
  const least = { batch: 1, length: 3, steps: 1, warmup: 0, threads: 1, seed: 0, rounds: 1 };
  for (const [name, minimum] of Object.entries(least))
    if (!/^\d+$/.test(values[name]) || Number(values[name]) < minimum)
      stop(`--${name} is a whole number, ${minimum} or more.`);
  if (!/^0?(\.\d+)?$/.test(values.dropout) || values.dropout === '')
    stop('--dropout is a number from 0 to below 1, such as 0.1.');
  if (!['groups', 'maximum'].includes(values.padding)) stop('--padding is groups or maximum.');
}

function checkFiles({ model, data, tokenizer, peer, 'peer-script': script }) {
  const sizes = Object.keys(modelSizes);
  if (model === undefined || data === undefined)
    stop(`--model DIR or one of ${sizes.join(', ')}, and --data FILE.tsv, are needed.`);
  if (!existsSync(data)) stop(`--data: there is no file ${data}.`);
  const isFolder = !sizes.includes(model);
  if (isFolder && !existsSync(join(model, 'config.json')))
    stop(`--model is one of ${sizes.join(', ')}, or a folder with config.json; ${model} is neither.`);
  const folder = tokenizer ?? (isFolder ? model : undefined);
  if (folder !== undefined && !existsSync(join(folder, 'tokenizer.json')))
    stop(`${folder} has no tokenizer.json: name a folder that has one with --tokenizer DIR.`);
  if (peer !== undefined && script === undefined) stop('--peer PYTHON needs --peer-script FILE.');
}

/** Every step takes rows of its own. */
function requireRows(rows) {
  const all = steps + warmup;
  if (rows >= batchSize * all) return;
  const most = Math.floor(rows / batchSize) - warmup;
  const smaller = Math.floor(rows / all);
  const ways = [
    ...(most > 0 ? [`--steps ${most}`] : []),
    ...(smaller > 0 ? [`--batch ${smaller}`] : []),
    `a file of ${batchSize * all} rows`,
  ];
  stop(
    `${given.data} has ${rows} rows, too few for ${steps} steps and ${warmup} of warm-up of ${batchSize} rows each; ` +
      `${ways.join(', or ')} would do.`,
  );
}

/** Fills an example with padding that is computed like words. */
function fill(example, paddingId) {
  const tokenIds = new Int32Array(length).fill(paddingId);
  tokenIds.set(example.tokenIds);
  return { ...example, tokenIds, secondStart: length };
}

/** The words that a whole file uses, ascending. */
function wordsOf(examples, extra) {
  const ids = new Set([extra]);
  for (const { tokenIds } of examples) for (const id of tokenIds) ids.add(id);
  return Int32Array.from(ids).sort();
}

/** The examples, laid where the engine's own order finds them in the peer's. */
function arranged(examples, recipe) {
  const count = batchSize * (steps + warmup);
  const wanted = peerOrder(examples.length, count, Number(given.seed));
  const order = new BatchOrder(count, recipe);
  const places = Array.from({ length: steps + warmup }, (_, step) => [...order.examplesOf(step)]).flat();
  const laid = [];
  places.forEach((place, index) => (laid[place] = examples[wanted[index]]));
  return laid;
}

async function prepareJob() {
  const isFolder = !(given.model in modelSizes);
  const file = readTexts(given.data);
  requireRows(file.texts.length);
  const folder = given.tokenizer ?? (isFolder ? given.model : undefined);
  const tokenizer = folder === undefined ? await learnTokenizer(file.texts) : readTokenizer(folder);
  const config = isFolder
    ? readConfigOf(given.model).config
    : { ...modelSizes[given.model], vocabularySize: tokenizer.vocabularySize };
  const head = { task: 'classification', labelCount: file.names.length };
  const seed = Number(given.seed);
  const recipe = recipeOf({
    batchSize,
    dropout: Number(given.dropout),
    seeds: { head: seed, order: seed, dropout: seed },
  });
  const all = encodeTexts(file, tokenizer, length);
  const vocabulary = given['no-compaction'] ? null : wordsOf(all, tokenizer.paddingId);
  const chosen = arranged(all, recipe);
  const realTokens = chosen.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0) / (steps + warmup);
  const examples =
    given.padding === 'groups' ? chosen : chosen.map((example) => fill(example, tokenizer.paddingId));
  const whole = isFolder
    ? await readParameters(given.model, config, head, seed)
    : await initialParameters({ config, head }, seed, []);
  const model = { config, head, vocabulary };
  const { start, frozen } = await trainableModel(model, recipe, whole);
  const plan = { ...model, recipe, firstStep: 0, masking: null };
  return { plan, examples, realTokens, start, frozen };
}

/** Tells two results apart: equal bits, of weights and moments, give equal hashes. */
function stateSha256({ parameters, firstMoments, secondMoments }) {
  const hash = createHash('sha256');
  for (const { data } of [...parameters, ...firstMoments, ...secondMoments])
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}

/** Trains, and tells when what happened. */
async function train({ plan, examples, start, frozen }) {
  const began = performance.now();
  const run = startTraining({
    ...plan,
    examples: { examples, targetKind: 'class' },
    start,
    frozen,
    evaluation: null,
    threads: Number(given.threads),
    provider: 'cpu',
    checkpoint: { everySteps: 1e9, everySeconds: 1e9 },
  });
  const told = { losses: [], runs: [], readyMilliseconds: 0, profile: undefined };
  let last = began;
  for await (const event of run.events) {
    const now = performance.now();
    if (event.kind === 'phase' && event.phase === 'ready') {
      told.readyMilliseconds = now - began;
      told.profile = event.profile;
    }
    if (event.kind === 'steps') {
      told.runs.push({ steps: event.steps, seconds: event.seconds, at: now });
      const bits = Uint32Array.from(event.steps, ({ lossBits }) => lossBits);
      told.losses.push(...new Float32Array(bits.buffer));
      last = now;
    }
    if (event.kind === 'checkpoint') {
      told.checkpointMilliseconds = now - last;
      told.stateSha256 = stateSha256(event.state);
    }
  }
  return { ...told, peakMemoryBytes: process.resourceUsage().maxRSS * 1024 };
}

/** What happened after the warm-up: whole runs only. */
function measured(runs) {
  let done = 0;
  const first = runs.findIndex(({ steps: ofRun }) => (done += ofRun.length) >= warmup) + 1;
  const counted = runs.slice(first);
  if (first === 0 || counted.length === 0)
    stop(
      `No run is left to measure after ${warmup} steps of warm-up: --warmup 1 would do (the first run is one step), ` +
        `or --steps ${runLimits.steps} (the longest run).`,
    );
  const all = counted.flatMap(({ steps: ofRun }) => ofRun);
  return {
    runs: counted.length,
    steps: all.length,
    sequences: all.reduce((sum, { examples }) => sum + examples, 0),
    seconds: (counted.at(-1).at - runs[first - 1].at) / 1000,
    sessionSeconds: counted.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

async function measureOnce() {
  const job = await prepareJob();
  const told = await train(job);
  const { runs, steps: counted, sequences, seconds, sessionSeconds } = measured(told.runs);
  const cost = await stepCost(job, exampleTableOf(job.examples, 'class'), {
    threads: Number(given.threads),
    withProducts: given.gemm,
    realTokens: job.realTokens,
  });
  const stepSeconds = seconds / counted;
  const copying = (runs * cost.copyingSeconds) / seconds;
  const achieved = cost.realFlops / stepSeconds / 1e9;
  return {
    model: given.model,
    padding: given.padding,
    batch: batchSize,
    length,
    threads: Number(given.threads),
    dropout: Number(given.dropout),
    steps: counted,
    sequencesPerSecond: rounded(sequences / seconds),
    tokensPerSecond: rounded(job.realTokens / stepSeconds),
    stepMilliseconds: rounded(stepSeconds * 1000),
    peakMemoryBytes: told.peakMemoryBytes,
    startupMilliseconds: rounded(told.readyMilliseconds),
    checkpointMilliseconds: rounded(told.checkpointMilliseconds),
    stepsPerRun: rounded(counted / runs),
    shareByPhase: {
      computing: rounded(sessionSeconds / seconds - copying),
      copyingState: rounded(copying),
      waitingForPreparation: rounded(1 - sessionSeconds / seconds),
    },
    preparationMillisecondsPerStep: rounded(cost.preparationSeconds * 1000),
    paddingShare: rounded(given.padding === 'groups' ? cost.paddingShare : 1 - job.realTokens / cost.slots),
    wordsTrained: job.plan.vocabulary?.length ?? job.plan.config.vocabularySize,
    gigaflopsPerSecond: rounded(achieved),
    ...(cost.products === null
      ? {}
      : {
          gemm: {
            gigaflopsPerSecond: rounded(cost.products.gigaflopsPerSecond),
            shareOfStep: rounded(cost.products.seconds / stepSeconds),
            stepOfItsRate: rounded(achieved / cost.products.gigaflopsPerSecond),
          },
        }),
    stateSha256: told.stateSha256,
    losses: told.losses.map((loss) => rounded(loss, 6)),
    processor: cpus()[0].model,
    versions: {
      node: process.version,
      onnxruntime: createRequire(import.meta.url)('onnxruntime-node/package.json').version,
    },
  };
}

/** The command line of a turn of this script alone. */
function ownTurn() {
  const kept = Object.entries(given).filter(([name]) => !/^peer|^rounds$|^json$/.test(name));
  return [
    process.argv[1],
    '--json',
    ...kept.flatMap(([name, value]) => {
      if (typeof value === 'boolean') return value ? [`--${name}`] : [];
      return [`--${name}`, value];
    }),
  ];
}

/** Behind a type of the peer's: by torch.compile. */
const compiled = '-compiled';

function peerWays() {
  const peerModel = given.model in modelSizes ? given.model : 'minilm';
  const paddings = given['peer-padding'].split(',');
  return paddings.flatMap((padding) =>
    given['peer-dtype'].split(',').map((dtype) => ({
      name: `peer ${padding} ${dtype}`,
      parameters: [
        ...[
          given['peer-script'],
          '--model',
          peerModel,
          '--pad',
          padding,
          '--dtype',
          dtype.replace(compiled, ''),
        ],
        ...(dtype.endsWith(compiled) ? ['--compile'] : []),
        ...['--batch', given.batch, '--seq', given.length, '--steps', given.steps, '--warmup', given.warmup],
        ...['--threads', given.threads, '--dropout', given.dropout, '--seed', given.seed],
        ...['--data', given.data.includes('banking77') ? 'banking77' : 'sst2'],
      ],
    })),
  );
}

async function besidePeer() {
  requireRows(readTexts(given.data).texts.length);
  const ways = peerWays();
  const [own, ...peers] = await inTurns(Number(given.rounds), [
    () => lastLineOf(process.execPath, ownTurn()),
    ...ways.map(
      ({ parameters }) =>
        () =>
          lastLineOf(given.peer, parameters),
    ),
  ]);
  const ownTokens = mean(own.map(({ tokensPerSecond }) => tokensPerSecond));
  return {
    own,
    peers: ways.map(({ name }, index) => {
      const rates = peers[index].map(({ real_tokens_per_s: rate }) => rate);
      return {
        name,
        rounds: peers[index],
        tokensPerSecond: rounded(mean(rates)),
        deviation: rounded(deviation(rates)),
        ratio: rounded(ownTokens / mean(rates)),
        memoryRatio: rounded(
          mean(own.map(({ peakMemoryBytes }) => peakMemoryBytes)) /
            mean(peers[index].map(({ peak_rss_mib: mebibytes }) => mebibytes * 2 ** 20)),
        ),
      };
    }),
    tokensPerSecond: rounded(ownTokens),
    deviation: rounded(deviation(own.map(({ tokensPerSecond }) => tokensPerSecond))),
  };
}

const result = given.peer === undefined ? await measureOnce() : await besidePeer();
console.log(JSON.stringify(result, undefined, given.json ? undefined : 2));
