// What an uncased or cased BERT tokenizer does to a text before it looks words up: cleaning, case, accents, words.
import { accents, decomposable, punctuation, removedCharacters } from './unicode-tables.ts';

/** As in the `BertNormalizer` of a tokenizer.json. */
export interface NormalizerSettings {
  readonly cleanText: boolean;
  readonly handleChineseCharacters: boolean;
  readonly stripAccents: boolean;
  readonly lowerCase: boolean;
}

const removed = new RegExp(removedCharacters, 'gv');
/** Tab and line ends are control characters too, but count as white space. */
const whiteSpace = /[\t\n\r\p{White_Space}]/gu;
/** The blocks that BERT takes for Chinese (google-research/bert, tokenization.py); one begins at 2B920 in the Rust port. */
const chinese =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu;
const accentMarks = new RegExp(accents, 'gv');
const takenApart = new RegExp(`${decomposable}+`, 'gv');
/** A word is a run of neither white space nor punctuation; each punctuation mark is a word of its own. */
const words = new RegExp(`${punctuation}|[^\\p{White_Space}${punctuation}]+`, 'gv');
/** Text that needs nothing but its case changed, and whose only white space is the space. */
export const plainAscii = /^[\x20-\x7E]*$/;

/** The text as the vocabulary sees it. */
export function normalizeText(text: string, settings: NormalizerSettings): string {
  if (plainAscii.test(text)) return settings.lowerCase ? text.toLowerCase() : text;
  let result = text;
  if (settings.cleanText) {
    result = result.replace(removed, (character) => ('\t\n\r'.includes(character) ? ' ' : ''));
    result = result.replace(whiteSpace, ' ');
  }
  if (settings.handleChineseCharacters) result = result.replace(chinese, ' $& ');
  if (settings.stripAccents) {
    result = result.replace(takenApart, (run) => run.normalize('NFD')).replace(accentMarks, '');
  }
  // Lower case goes character by character: a sigma at the end of a word stays an ordinary one.
  if (settings.lowerCase) result = result.replaceAll('Σ', 'σ').toLowerCase();
  return result;
}

/** The words of a normalized text: split at white space, with every punctuation mark apart. */
export function splitWords(normalized: string): readonly string[] {
  return normalized.match(words) ?? [];
}
