// Prints how fast exported models answer here: the sentences of a TSV in file order, tokenization included, float32 and int8 in turns.
//   node scripts/bench-inference.mjs --model DIR --data FILE.tsv [--head FILE.safetensors] [--threads N] [--repeat N] [--length N]
// DIR holds config.json, tokenizer.json and model.safetensors; the file has columns `sentence` and, for the accuracy, `label`.
// A head that the folder lacks is that of `--head`, else drawn, which says how fast the model is and nothing of its accuracy.
// Prints one JSON line a precision. `seconds` is the best of the repeats.
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { readSafetensors } from '../dist/src/model/safetensors.js';
import { parameterName } from '../dist/src/model/tensor-names.js';
import { modelLimits } from '../dist/src/training/inference/batching.js';
import { exportOnnx } from '../dist/src/training/inference/export-onnx.js';
import { openInference } from '../dist/src/training/inference/open-inference.js';
import { predictedClasses } from '../dist/src/training/metrics/probabilities.js';
import { labelCountOf, readConfigOf, readParameters, readTokenizer } from './model-folder.mjs';

const { values: given } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    head: { type: 'string' },
    threads: { type: 'string', default: String(cpus().length) },
    repeat: { type: 'string', default: '3' },
    length: { type: 'string', default: '128' },
  },
});
if (given.model === undefined || given.data === undefined) {
  console.error('--model DIR and --data FILE.tsv are needed.');
  process.exit(2);
}

const [header, ...lines] = readFileSync(given.data, 'utf8').trimEnd().split('\n');
const columns = header.split('\t');
const rows = lines.map((line) => line.split('\t'));
const sentences = rows.map((row) => row[columns.indexOf('sentence')]);
const labels = columns.includes('label')
  ? rows.map((row) => Number(row[columns.indexOf('label')]))
  : undefined;

const { config, raw } = readConfigOf(given.model);
const tokenizer = readTokenizer(given.model);
const trainedHead = given.head === undefined ? [] : await tensorsOf(given.head);
const bias = trainedHead.find(({ name }) => /^classifier\.(?:out_proj\.)?bias$/.test(name));
const labelCount = bias?.data.length ?? labelCountOf(raw);
const head = { task: 'classification', labelCount };
const byName = new Map(trainedHead.map((tensor) => [tensor.name, tensor]));
const tensors = (await readParameters(given.model, config, head)).map(
  (tensor) => byName.get(tensor.name) ?? tensor,
);

async function tensorsOf(file) {
  const read = await readSafetensors(createReadStream(file), statSync(file).size);
  return read.map((tensor) => ({ ...tensor, name: parameterName(tensor.name, config.family) }));
}

function encode() {
  const examples = sentences.map((sentence) => {
    const tokenIds = Int32Array.from(tokenizer.encode(sentence, Number(given.length)));
    return { tokenIds, secondStart: tokenIds.length };
  });
  return {
    count: examples.length,
    lengthOf: (index) => examples[index].tokenIds.length,
    read: (index) => examples[index],
  };
}

const ways = [];
for (const precision of ['float32', 'int8']) {
  const model = exportOnnx({ config, head, precision, tensors });
  const fileBytes = model.length;
  const options = { threads: Number(given.threads), provider: 'cpu', limits: modelLimits(config) };
  const inference = await openInference(model, options);
  const { logits } = await inference.run(encode());
  ways.push({ precision, fileBytes, inference, logits, seconds: Infinity });
}
for (let turn = 0; turn < Number(given.repeat); turn++)
  for (const way of ways) {
    const start = performance.now();
    await way.inference.run(encode());
    way.seconds = Math.min(way.seconds, (performance.now() - start) / 1000);
  }
for (const { precision, fileBytes, inference, logits, seconds } of ways) {
  const predicted = await predictedClasses({ logits, labelCount }, () => undefined);
  const accuracy = labels && labels.filter((label, row) => label === predicted[row]).length / labels.length;
  const difference = logits.reduce(
    (most, value, place) => Math.max(most, Math.abs(value - ways[0].logits[place])),
    0,
  );
  console.log(
    JSON.stringify({
      precision,
      sentences: sentences.length,
      threads: Number(given.threads),
      seconds: Number(seconds.toFixed(3)),
      sentencesPerSecond: Number((sentences.length / seconds).toFixed(1)),
      accuracy,
      largestLogitDifference: difference,
      fileBytes,
      processor: cpus()[0].model,
      node: process.version,
    }),
  );
  await inference.close();
}
