// Shows that memory does not grow with the rows: makes rows, snapshots and tokenizes them, and trains on them from disk,
// each in a process of its own whose greatest memory is printed.
//   npm run bench:rows -- [rows …]      (default: 10000 100000 1000000)
import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { exampleDataset } from '../dist/src/demo/example-dataset.js';
import { buildSnapshot } from '../dist/src/dataset/build-snapshot.js';
import { openSnapshot } from '../dist/src/dataset/open-snapshot.js';
import { BlobStore } from '../dist/src/storage/blob-store.js';
import { DirectoryStore } from '../dist/src/storage/directory-store.js';
import { WordPieceLearner } from '../dist/src/text/learn-word-piece.js';
import { createTokenizer } from '../dist/src/text/tokenizer.js';
import { initialParameters } from '../dist/src/training/initial-parameters.js';
import { trainableModel } from '../dist/src/training/trainable.js';
import { startTraining } from '../dist/src/training/trainer.js';
import { modelSizes, recipeOf } from './training-setup.mjs';

/** Steps that the training of each size makes: enough for its memory to have settled. */
const steps = 200;
const head = { task: 'classification', labelCount: 8 };

const peakBytes = () => process.resourceUsage().maxRSS * 1024;

/** The demo's sentences again and again, each with a number, so that no two are the same. */
async function writeRows(path, rows) {
  const { train } = exampleDataset({ rows: 1000, seed: 1 });
  function* lines() {
    yield 'text\tlabel\n';
    for (let row = 0; row < rows; row += 1) {
      const { text, intent } = train[row % train.length];
      yield `${text}, order ${row}\t${intent}\n`;
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
}

async function snapshot(directory, rows) {
  const path = join(directory, 'rows.tsv');
  await writeRows(path, Number(rows));
  const blobs = new BlobStore(new DirectoryStore(join(directory, 'store')), '');
  const learner = new WordPieceLearner();
  for (const { text } of exampleDataset({ rows: 1000, seed: 1 }).train) learner.add(text);
  const tokenizerJson = JSON.stringify(await learner.finish({ vocabularySize: 2000 }));
  const tokenizer = createTokenizer(tokenizerJson);
  const started = performance.now();
  const { sha256, manifest } = await buildSnapshot({
    splits: [{ name: 'train', format: 'tsv', open: () => Promise.resolve(createReadStream(path)) }],
    mapping: {
      textField: 'text',
      labelField: 'label',
      task: 'classification',
      trainSplit: 'train',
      evaluationFraction: 0.01,
      shuffleBeforeSelect: true,
      seed: 1,
      maxSequenceLength: 64,
    },
    blobs,
    directory,
    prepareTokenizer: () => Promise.resolve({ tokenizerJson, ...tokenizer }),
  });
  const seconds = (performance.now() - started) / 1000;
  return {
    sha256,
    rowsPerSecond: Math.round(Number(rows) / seconds),
    tokens: manifest.splits.train.tokens,
    peakBytes: peakBytes(),
  };
}

async function train(directory, sha256) {
  const blobs = new BlobStore(new DirectoryStore(join(directory, 'store')), '');
  const opened = await openSnapshot(blobs, sha256);
  const tokenizer = createTokenizer(await opened.tokenizerJson());
  const { path, vocabulary } = await opened.examples('train', directory);
  const config = { ...modelSizes.tiny, vocabularySize: tokenizer.vocabularySize };
  const recipe = recipeOf({});
  const whole = await initialParameters({ config, head }, 1, []);
  const { start, frozen } = await trainableModel({ config, head, vocabulary }, recipe, whole);
  const run = startTraining({
    config,
    head,
    examples: { path },
    vocabulary,
    frozen,
    firstStep: 0,
    masking: null,
    evaluation: null,
    recipe,
    threads: 2,
    provider: 'cpu',
    start,
    checkpoint: { everySteps: 1e9, everySeconds: 1e9 },
  });
  let done = 0;
  for await (const event of run.events) {
    if (event.kind === 'steps') done += event.steps.length;
    if (done >= steps) run.stop();
  }
  return { peakBytes: peakBytes() };
}

function inProcess(...words) {
  const result = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`${words[0]} ended with status ${result.status}`);
  return JSON.parse(result.stdout);
}

const [kind, ...words] = process.argv.slice(2);
if (kind === 'snapshot') console.log(JSON.stringify(await snapshot(...words)));
else if (kind === 'train') console.log(JSON.stringify(await train(...words)));
else
  for (const rows of kind === undefined ? ['10000', '100000', '1000000'] : [kind, ...words]) {
    const directory = await mkdtemp(join(tmpdir(), 'bench-rows-'));
    try {
      const { sha256, ...made } = inProcess('snapshot', directory, rows);
      console.log(
        JSON.stringify({
          rows: Number(rows),
          snapshot: made,
          training: inProcess('train', directory, sha256),
        }),
      );
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
