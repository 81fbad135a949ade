// Reads labelled texts for the scripts that train: a TSV with the columns sentence and label, or a CSV of text and category.
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { createTokenizer } from '../dist/src/text/tokenizer.js';
import { WordPieceLearner } from '../dist/src/text/learn-word-piece.js';

/** Words of a vocabulary that is learned from the data, for models that start at random. */
const learnedVocabulary = 30_522;

function rowsOf(file) {
  const text = readFileSync(file, 'utf8');
  if (file.endsWith('.csv')) return parse(text).slice(1);
  const lines = text.split('\n').slice(1).filter(Boolean);
  return lines.map((line) => [line.slice(0, line.lastIndexOf('\t')), line.slice(line.lastIndexOf('\t') + 1)]);
}

/**
 * Texts and the number of the label of each. Labels that are no numbers are numbered in the order of their names.
 * @param names - of the labels, from another file of the same data
 */
export function readTexts(file, names) {
  const rows = rowsOf(file);
  const labels = names ?? [...new Set(rows.map(([, label]) => label))].sort();
  return {
    texts: rows.map(([text]) => text),
    labels: rows.map(([, label]) => labels.indexOf(label)),
    names: labels,
  };
}

/** A tokenizer whose vocabulary is learned from texts. */
export async function learnTokenizer(texts) {
  const learner = new WordPieceLearner();
  for (const text of texts) learner.add(text);
  return createTokenizer(await learner.finish({ vocabularySize: learnedVocabulary }));
}

/** Texts as examples of single-label classification. */
export function encodeTexts({ texts, labels }, tokenizer, length) {
  return texts.map((text, row) => {
    const tokenIds = Int32Array.from(tokenizer.encode(text, length));
    return { tokenIds, secondStart: tokenIds.length, targets: Int32Array.of(labels[row]) };
  });
}
