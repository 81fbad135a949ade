// Rows to train on: texts of 3 to 37 tokens, 20 in the mean, whose words mean nothing.
import { Random } from '../../simulation/random.ts';

const seed = 1;
const mostWords = 35;
/** Few words are frequent and most are rare, as in real texts. */
const skew = 3;

/** A TSV with the columns `text` and `label`; the same for the same arguments. */
export function labelledTexts(words: readonly string[], rows: number): string {
  const random = new Random(seed);
  const row = (): string => {
    const text = Array.from(
      { length: 1 + random.below(mostWords) },
      () => words[Math.floor(random.next() ** skew * words.length)],
    );
    return `${text.join(' ')}\t${random.isDue(0.5) ? 'no' : 'yes'}`;
  };
  return ['text\tlabel', ...Array.from({ length: rows }, row), ''].join('\n');
}
