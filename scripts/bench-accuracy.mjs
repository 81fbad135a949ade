// Fine-tunes a pretrained model over several seeds and prints how accurate it becomes, beside PyTorch where it is given.
//   npm run bench:accuracy -- --model DIR --data DIR [--sets sst2,banking77] [--seeds 1,2,3,4,5] [--threads N] [--rows N] [--test-rows N]
//     [--dropout 0.1] [--peer PYTHON --peer-script hf_accuracy.py|scripts/reference/train-from.py] [--peer-head scripts/reference/draw-head.py]
// The data folder holds sst2/{train,dev}.tsv and banking77/{train,test}.csv. SST-2: its first 4,000 rows, one epoch;
// banking77: all rows, three epochs. AdamW at 5e-5 with a warmup over a tenth of the steps and a linear fall, batch 32,
// dropout 0.1, clipping at 1, no weight decay, at most 64 tokens. Both draw head, order and dropout from each seed, in their
// own ways: what is compared is the mean over seeds. With train-from.py the peer is given head and order instead, so that
// dropout alone differs, and with `--dropout 0` nothing does. With --peer-head each seed's head here is the one that the peer draws for it, so
// that order and dropout alone differ; labels are then numbered as in categories.json, as the peer does. The accuracy is that of the last step.
// Prints a line a run, and as its last line mean, deviation and standard error of both with the difference of the means.
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { evaluate } from '../dist/src/training/evaluator.js';
import { predictedClasses } from '../dist/src/training/metrics/probabilities.js';
import { trainableModel } from '../dist/src/training/trainable.js';
import { startTraining } from '../dist/src/training/trainer.js';
import { encodeTexts, readTexts } from './labelled-texts.mjs';
import { readConfigOf, readParameters, readTokenizer } from './model-folder.mjs';
import { trainPeerFrom } from './peer-start.mjs';
import { deviation, inTurns, lastLineOf, mean } from './peer-turns.mjs';
import { recipeOf, rounded } from './training-setup.mjs';

const length = 64;
const batchSize = 32;
const sets = {
  sst2: { train: 'sst2/train.tsv', test: 'sst2/dev.tsv', rows: 4000, epochs: 1 },
  banking77: { train: 'banking77/train.csv', test: 'banking77/test.csv', rows: Infinity, epochs: 3 },
};

const { values: given } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    sets: { type: 'string', default: 'sst2,banking77' },
    seeds: { type: 'string', default: '1,2,3,4,5' },
    threads: { type: 'string', default: String(cpus().length) },
    rows: { type: 'string' },
    'test-rows': { type: 'string', default: 'Infinity' },
    dropout: { type: 'string', default: '0.1' },
    peer: { type: 'string' },
    'peer-script': { type: 'string' },
    'peer-head': { type: 'string' },
  },
});
const names = given.sets.split(',');
const lacksPeer = given['peer-head'] !== undefined && given.peer === undefined;
if (
  given.model === undefined ||
  given.data === undefined ||
  lacksPeer ||
  names.some((name) => !(name in sets))
) {
  console.error(
    `--model DIR and --data DIR are needed, --peer PYTHON for --peer-head; --sets lists ${Object.keys(sets).join(', ')}.`,
  );
  process.exit(2);
}
const threads = Number(given.threads);

/** The names of the labels in the peer's order; none where the labels are numbers. */
function peerNames(name) {
  const file = join(given.data, name, 'categories.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function readSet(name) {
  const { train, test, rows } = sets[name];
  const tokenizer = readTokenizer(given.model);
  const trainTexts = readTexts(join(given.data, train), given['peer-head'] && peerNames(name));
  const testTexts = readTexts(join(given.data, test), trainTexts.names);
  const examples = encodeTexts(trainTexts, tokenizer, length).slice(0, Number(given.rows ?? rows));
  const evaluation = encodeTexts(testTexts, tokenizer, length).slice(0, Number(given['test-rows']));
  const ids = new Set([...examples, ...evaluation].flatMap(({ tokenIds }) => [...tokenIds]));
  return {
    examples,
    evaluation,
    vocabulary: Int32Array.from(ids).sort(),
    head: { task: 'classification', labelCount: trainTexts.names.length },
  };
}

async function finalState(run) {
  for await (const event of run.events)
    if (event.kind === 'checkpoint' && event.reason === 'finished') return event.state;
  throw new Error('The training did not finish.');
}

/** What both train: the model with the head of a seed, and the recipe. */
async function startOf(name, { head, vocabulary, examples, evaluation }, seed) {
  const { config } = readConfigOf(given.model);
  const { epochs } = sets[name];
  const total = epochs * Math.ceil(examples.length / batchSize);
  const recipe = recipeOf({
    epochs,
    batchSize,
    weightDecay: 0,
    dropout: Number(given.dropout),
    warmupSteps: Math.ceil(0.1 * total),
    seeds: { head: seed, order: seed, dropout: seed },
  });
  const whole = await readParameters(given.model, config, head, seed);
  if (given['peer-head'] !== undefined) takePeerHead(whole, head, seed);
  return { config, head, vocabulary, recipe, whole, examples, evaluation };
}

function takePeerHead(parameters, { labelCount }, seed) {
  const { weight, bias } = lastLineOf(given.peer, [
    ...[given['peer-head'], given.model],
    ...['--labels', String(labelCount), '--seed', String(seed)],
  ]);
  for (const { name, data } of parameters) {
    if (name === 'classifier.weight') data.set(weight.flat());
    if (name === 'classifier.bias') data.set(bias);
  }
}

async function trainOnce(name, set, seed) {
  const { whole, examples, evaluation, ...model } = await startOf(name, set, seed);
  const { start, frozen } = await trainableModel(model, model.recipe, whole);
  const device = { threads, provider: 'cpu' };
  const started = performance.now();
  const { parameters } = await finalState(
    startTraining({
      ...model,
      ...device,
      start,
      frozen,
      examples: { examples, targetKind: 'class' },
      firstStep: 0,
      masking: null,
      evaluation: null,
      checkpoint: { everySteps: 1e9, everySeconds: 1e9 },
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const logits = await evaluate({
    ...model,
    ...device,
    parameters: [...parameters, ...frozen],
    examples: { examples: evaluation, targetKind: 'class' },
    batchSize,
  });
  const predicted = await predictedClasses({ logits, labelCount: model.head.labelCount }, () => undefined);
  const right = evaluation.filter(({ targets }, row) => predicted[row] === targets[0]).length;
  const accuracy = right / evaluation.length;
  console.log(JSON.stringify({ data: name, seed, accuracy, trainSeconds: rounded(seconds) }));
  return accuracy;
}

async function peerFromStart(name, set, seed) {
  const { accuracy } = trainPeerFrom(await startOf(name, set, seed), {
    python: given.peer,
    script: given['peer-script'],
    model: given.model,
    dropout: given.dropout,
    seed,
    threads: given.threads,
  });
  console.log(JSON.stringify({ data: name, seed, peer: accuracy }));
  return accuracy;
}

function peerOnce(name, seed) {
  const { rows, epochs } = sets[name];
  const limit = Number(given.rows ?? (rows === Infinity ? 0 : rows));
  const result = lastLineOf(given.peer, [
    ...[given['peer-script'], '--data', name, '--rows', String(limit), '--epochs', String(epochs)],
    ...['--seed', String(seed), '--threads', given.threads, '--wait-idle', '0', '--dropout', given.dropout],
  ]);
  console.log(JSON.stringify({ data: name, seed, peer: result.accuracy, trainSeconds: result.train_s }));
  return result.accuracy;
}

function summary(accuracies) {
  const spread = deviation(accuracies);
  return {
    accuracies,
    mean: rounded(mean(accuracies), 4),
    deviation: rounded(spread),
    standardError: rounded(spread / Math.sqrt(accuracies.length)),
  };
}

async function measureSet(name) {
  const set = readSet(name);
  const seeds = given.seeds.split(',').map(Number);
  const ways = [(round) => trainOnce(name, set, seeds[round])];
  const isGivenStart = basename(given['peer-script'] ?? '') === 'train-from.py';
  if (isGivenStart) ways.push((round) => peerFromStart(name, set, seeds[round]));
  else if (given['peer-script'] !== undefined) ways.push((round) => peerOnce(name, seeds[round]));
  const [own, peer] = await inTurns(seeds.length, ways);
  if (peer === undefined) return { own: summary(own) };
  const error = Math.hypot(deviation(own) / Math.sqrt(own.length), deviation(peer) / Math.sqrt(peer.length));
  const difference = mean(own) - mean(peer);
  return {
    own: summary(own),
    peer: summary(peer),
    difference: rounded(difference),
    standardErrorOfDifference: rounded(error),
    isWithinTwoStandardErrors: Math.abs(difference) <= 2 * error,
  };
}

const results = {};
for (const name of names) results[name] = await measureSet(name);
console.log(JSON.stringify({ ...results, processor: cpus()[0].model, node: process.version }));
