// Prints how many sentences a second one thread tokenizes: a tokenizer that is new to them, each sentence once.
//   node scripts/bench-tokenizer.mjs [--tokenizer tokenizer.json] [--data FILE.tsv] [--sentences 200000]
// Without files, the sentences are made up and a WordPiece vocabulary is learned from them. Of a file, the first column
// after the line of headings is read, over and over until there are enough sentences.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { WordPieceLearner } from '../dist/src/text/learn-word-piece.js';
import { createTokenizer } from '../dist/src/text/tokenizer.js';

const { values: options } = parseArgs({
  options: {
    tokenizer: { type: 'string' },
    data: { type: 'string' },
    sentences: { type: 'string', default: '200000' },
  },
});
const count = Number(options.sentences);
const maximumLength = 128;

/** A generator of whole numbers below `bound`, the same in every run (Park and Miller's minimal standard). */
function randomNumbers(seed) {
  let state = seed;
  return (bound) => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.floor((state / 2_147_483_647) * bound);
  };
}

/** Sentences of 2 to 20 words, about as long as those of SST-2, of 20,000 words of which few are frequent. */
function madeUpSentences() {
  const draw = randomNumbers(1);
  const syllables = [
    'ka',
    'lo',
    'mi',
    'ren',
    'ta',
    'vo',
    'shi',
    'un',
    'der',
    'ing',
    'est',
    'ble',
    'pre',
    'con',
  ];
  const words = Array.from({ length: 20_000 }, () =>
    Array.from({ length: 1 + draw(4) }, () => syllables[draw(syllables.length)]).join(''),
  );
  const word = () => words[Math.floor(words.length ** (draw(1_000_000) / 1_000_000)) - 1];
  const marks = [' ', ' ', ' ', ' ', ' ', ' ', ', ', " 's ", ' -- ', ' '];
  return Array.from({ length: count }, () => {
    let sentence = word();
    for (let words = 1 + draw(18); words > 0; words -= 1) sentence += marks[draw(marks.length)] + word();
    return `${sentence} .`;
  });
}

function sentencesOf(file) {
  const lines = readFileSync(file, 'utf8').split('\n').slice(1);
  const texts = lines.map((line) => line.split('\t')[0]).filter((text) => text !== '');
  return Array.from({ length: count }, (_, index) => texts[index % texts.length]);
}

async function learnedTokenizer(sentences) {
  const learner = new WordPieceLearner();
  for (const sentence of sentences) learner.add(sentence);
  return learner.finish({ vocabularySize: 8000 });
}

const sentences = options.data === undefined ? madeUpSentences() : sentencesOf(options.data);
const definition =
  options.tokenizer === undefined
    ? await learnedTokenizer(sentences)
    : readFileSync(options.tokenizer, 'utf8');
const tokenizer = createTokenizer(definition);
const start = performance.now();
let tokens = 0;
for (const sentence of sentences) tokens += tokenizer.encode(sentence, maximumLength).length;
const seconds = (performance.now() - start) / 1000;
console.log(
  JSON.stringify({
    sentencesPerSecond: Math.round(count / seconds),
    threads: 1,
    sentences: count,
    tokensPerSentence: Number((tokens / count).toFixed(1)),
    model: JSON.parse(typeof definition === 'string' ? definition : JSON.stringify(definition)).model.type,
    processor: cpus()[0].model,
    node: process.version,
  }),
);
