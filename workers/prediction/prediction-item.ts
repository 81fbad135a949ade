// From the logits of one text to what is answered for it.
import type { SnapshotManifest } from '../../src/dataset/snapshot-manifest.ts';
import type { PredictionItem } from '../../src/experiment/prediction.ts';
import { ClassProbabilities, predictedClass } from '../../src/training/metrics/probabilities.ts';
import type { EncodedText } from './encoded-text.ts';

function byLabel(
  labels: readonly string[],
  probabilityOf: (label: number) => number,
): Record<string, number> {
  return Object.fromEntries(labels.map((name, label) => [name, probabilityOf(label)]));
}

/** @param logits of one text: `[labels]`, or `[tokens, labels]` where words are labelled. */
export function predictionItem(
  logits: Float32Array,
  text: Pick<EncodedText, 'words' | 'wordOf'>,
  { task, labels }: Pick<SnapshotManifest, 'task' | 'labels'>,
): PredictionItem {
  switch (task) {
    case 'regression':
      return { value: logits[0] ?? NaN };
    case 'multiLabel': {
      const probabilities = byLabel(labels, (label) => 1 / (1 + Math.exp(-(logits[label] ?? NaN))));
      return { labels: labels.filter((_, label) => (logits[label] ?? NaN) >= 0), probabilities };
    }
    case 'classification': {
      const all = new ClassProbabilities({ logits, labelCount: labels.length });
      return {
        label: labels[predictedClass(logits)] ?? '',
        probabilities: byLabel(labels, (label) => all.of(0, label)),
      };
    }
    case 'tokenClassification':
      return labelledWords(logits, text, labels);
  }
}

/** A word has the label of its first token. */
function labelledWords(
  logits: Float32Array,
  { words, wordOf }: Pick<EncodedText, 'words' | 'wordOf'>,
  labels: readonly string[],
): PredictionItem {
  const all = new ClassProbabilities({ logits, labelCount: labels.length });
  const firstTokens = new Map<number, number>();
  Array.from(wordOf).forEach((word, token) => {
    if (word >= 0 && !firstTokens.has(word)) firstTokens.set(word, token);
  });
  return {
    words: words.map((word, place) => {
      const token = firstTokens.get(place);
      if (token === undefined) return { word, label: null, probability: null };
      const label = predictedClass(logits.subarray(token * labels.length, (token + 1) * labels.length));
      return { word, label: labels[label] ?? '', probability: all.of(token, label) };
    }),
  };
}
