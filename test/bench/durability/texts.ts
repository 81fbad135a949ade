// Rows to train on: texts of 3 to 37 tokens, 20 in the mean, whose words mean nothing.
import { Random } from '../../simulation/random.ts';

const seed = 1;
const mostWords = 35;
/**
 * Of Zipf's law: the word of rank r comes up in proportion to r to the power of minus this. With it 6,400 rows use 9,600 of
 * 30,000 words, in the proportion of real texts (SST-2's first 6,400 rows, which are shorter: 8,000). A checkpoint holds the words
 * in use.
 */
const zipfExponent = 1.2;

/** A TSV with the columns `text` and `label`; the same for the same arguments. */
export function labelledTexts(words: readonly string[], rows: number): string {
  const random = new Random(seed);
  const draw = zipfDraw(words.length, random);
  const row = (): string => {
    const text = Array.from({ length: 1 + random.below(mostWords) }, () => words[draw()]);
    return `${text.join(' ')}\t${random.isDue(0.5) ? 'no' : 'yes'}`;
  };
  return ['text\tlabel', ...Array.from({ length: rows }, row), ''].join('\n');
}

/** Draws ranks, from 0: the first whose cumulative weight is above a uniform number. */
function zipfDraw(count: number, random: Random): () => number {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank += 1) cumulative[rank] = sum += (rank + 1) ** -zipfExponent;
  return () => {
    const target = random.next() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? 0) > target) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
