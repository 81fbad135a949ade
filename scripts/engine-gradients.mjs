// Writes the gradient of every parameter of a model on one batch, dropout off, under its Hugging Face name.
//   npm run engine:gradients -- --model DIR --batch batch.json --output grads.safetensors [--task TASK] [--threads N]
// DIR holds config.json and model.safetensors. The batch has input_ids, and may have attention_mask (else all is read) and
// token_type_ids (else 0), all [batch][length]; and, by task, targets:
//   classification       labels [batch]
//   regression           regression_targets or labels, [batch] or [batch][outputs]
//   multiLabel           labels [batch][labels], 0 or 1
//   tokenClassification  labels [batch][length], -100 where there is none
//   maskedLanguage       labels [batch][length], -100 for tokens that are not to be found
// The task is what --task, else config.json, else the form of the labels tells. The loss is the mean, as in transformers.
// Prints { loss, logits } as its last line: logits [batch][labels], of tasks of tokens [batch][tokens read][labels].
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { encodeSafetensors } from '../dist/src/model/safetensors.js';
import { noTarget } from '../dist/src/text/example-table.js';
import { examplesOfRows, packRows } from '../dist/src/training/padded-batch.js';
import { computeGradients } from '../dist/src/training/runtime/gradient-runner.js';
import { batchTargets, lossDenominator } from '../dist/src/training/targets.js';
import { labelCountOf, readConfigOf, readParameters, taskOf, tasks } from './model-folder.mjs';

/** Of Hugging Face: a token without a target. */
const ignoredLabel = -100;

const options = {
  model: { type: 'string' },
  batch: { type: 'string' },
  output: { type: 'string' },
  task: { type: 'string' },
  threads: { type: 'string', default: '1' },
};
const given = readArguments();
if (given.model === undefined || given.batch === undefined || given.output === undefined)
  stop('--model DIR, --batch batch.json and --output grads.safetensors are needed.');
if (given.task !== undefined && !tasks.includes(given.task)) stop(`--task is one of ${tasks.join(', ')}.`);
if (!/^[1-9]\d*$/.test(given.threads)) stop('--threads is a whole number, 1 or more.');

/** Ends the script with one line that says what is wrong. */
function stop(message) {
  console.error(message.replaceAll('\n', ' '));
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    stop(
      `${error.message.replace(/\.?$/, '.')} The options are ${Object.keys(options).join(', ')}, each with --.`,
    );
  }
}

/** @returns the batch: its tokens, and what else says something of each token, are of one shape. */
function readBatch(file) {
  let batch;
  try {
    batch = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    stop(`--batch: ${file} cannot be read as JSON: ${error.message}`);
  }
  const rows = batch?.input_ids;
  if (!Array.isArray(rows) || rows.length === 0 || !rows.every((row) => Array.isArray(row) && row.length > 0))
    stop('The batch lacks input_ids: a list of rows, each a list of token ids.');
  for (const name of ['attention_mask', 'token_type_ids']) {
    const isFitting = rows.every((row, place) => batch[name]?.[place]?.length === row.length);
    if (batch[name] !== undefined && !isFitting)
      stop(`${name} of the batch is not of the shape of input_ids.`);
  }
  return batch;
}

function taskOfTargets({ labels, regression_targets: values }, outputs) {
  if (labels === undefined && values !== undefined) return 'regression';
  if (!Array.isArray(labels?.[0])) return 'classification';
  return labels.every((row) => row.length === outputs && row.every((value) => value >= 0 && value <= 1))
    ? 'multiLabel'
    : 'tokenClassification';
}

/** The targets of a row as the engine's examples hold them. */
function targetsOf(task, values) {
  const row = [values].flat();
  if (task === 'regression' || task === 'multiLabel') return new Int32Array(Float32Array.from(row).buffer);
  return Int32Array.from(row, (value) => (value === ignoredLabel ? noTarget : value));
}

function rowsOf(batch, task) {
  const { input_ids: tokenIds } = batch;
  const wanted = task === 'regression' ? (batch.regression_targets ?? batch.labels) : batch.labels;
  if (wanted?.length !== tokenIds.length) stop(`The batch lacks the targets of ${task} for its rows.`);
  const filled = (value) => tokenIds.map((row) => row.map(() => value));
  return {
    tokenIds,
    tokenTypes: batch.token_type_ids ?? filled(0),
    mask: batch.attention_mask ?? filled(1),
    targets: wanted.map((row) => targetsOf(task, row)),
  };
}

/** Logits as transformers gives them, for the tokens that are read. */
function logitsOf(logits, task, batch, width) {
  const rows = Array.from({ length: logits.length / width }, (_, row) =>
    Array.from(logits.subarray(row * width, (row + 1) * width)),
  );
  if (task !== 'tokenClassification') return rows;
  const { packing, examples } = batch;
  return examples.map(({ tokenIds }, sequence) => {
    const start = packing.row[sequence] * packing.width + packing.start[sequence];
    return rows.slice(start, start + tokenIds.length);
  });
}

const { config, raw } = readConfigOf(given.model);
const data = readBatch(given.batch);
const task = given.task ?? taskOf(raw) ?? taskOfTargets(data, labelCountOf(raw));
const head = { task, labelCount: labelCountOf(raw) };
const recipe = {
  labelSmoothing: 0,
  classWeights: null,
  freeze: { embeddings: false, layers: 0 },
  lora: null,
  layerDecay: null,
};
const tensors = await readParameters(given.model, config, head);
const rows = rowsOf(data, task);
const examples = examplesOfRows(rows, head);
const batch = packRows(rows, examples, config, head);
const targets = batchTargets(batch, head, recipe, lossDenominator(examples, head, recipe));
const result = await computeGradients(
  { config, head, tensors },
  recipe,
  { batch, targets },
  Number(given.threads),
);
writeFileSync(given.output, encodeSafetensors(result.gradients));
const width = task === 'maskedLanguage' ? config.vocabularySize : head.labelCount;
console.log(JSON.stringify({ loss: result.loss, logits: logitsOf(result.logits, task, batch, width) }));
