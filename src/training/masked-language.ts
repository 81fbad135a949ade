// Masks words of an example for pretraining: what the model reads in their place, and which words it is to find.
import { noTarget, type Example } from '../text/example-table.ts';
import { wordReader, type Keystream } from './random/keystream.ts';

/** Shares of Devlin et al., arXiv 1810.04805, section 3.1: of the words, and of the words chosen. */
export const chosenShare = 0.15;
const maskShare = 0.8;
const randomShare = 0.1;

/** What of a tokenizer masking needs. */
export interface MaskingVocabulary {
  readonly maskId: number;
  /** Never chosen, and never put in a word's place: [CLS], [SEP], [PAD] and the like. */
  readonly specialIds: ReadonlySet<number>;
  /** Of the whole vocabulary; an id below it must be there that is not special. */
  readonly vocabularySize: number;
}

/** The places at which an example has a target: what the head of a masked language model reads. */
export function maskedPlaces({ targets }: Pick<Example, 'targets'>): number[] {
  const places: number[] = [];
  targets.forEach((target, place) => {
    if (target !== noTarget) places.push(place);
  });
  return places;
}

/** Moves a random choice of `count` elements to the front (Fisher and Yates) and returns it. */
function choose(places: number[], count: number, fraction: () => number): number[] {
  for (let index = 0; index < count; index++) {
    const other = index + Math.floor(fraction() * (places.length - index));
    const moved = places[index] ?? 0;
    places[index] = places[other] ?? 0;
    places[other] = moved;
  }
  return places.slice(0, count);
}

/**
 * The example with 15 % of its words chosen, at least one where it has any: the mask in place of 80 % of them, a random
 * word in place of 10 %, the word itself in the rest. The targets are the words chosen, one a token, `noTarget` elsewhere.
 *
 * The number chosen is 15 % of the words rounded up or down at random, so that short examples are not masked more.
 * @param keystream of the dropout's seed: the same epoch and index give the same masks in any process.
 * @param index of the example in its dataset.
 */
export function maskExample(
  { tokenIds, secondStart }: Example,
  { maskId, specialIds, vocabularySize }: MaskingVocabulary,
  keystream: Keystream,
  epoch: number,
  index: number,
): Example {
  const words: number[] = [];
  tokenIds.forEach((id, place) => {
    if (!specialIds.has(id)) words.push(place);
  });
  const nextWord = wordReader(keystream, epoch, index, 32);
  const fraction = (): number => nextWord() / 2 ** 32;
  const randomWord = (): number => {
    for (;;) {
      const id = Math.floor(fraction() * vocabularySize);
      if (!specialIds.has(id)) return id;
    }
  };
  const wanted = Math.max(1, Math.floor(words.length * chosenShare + fraction()));
  const masked = Int32Array.from(tokenIds);
  const targets = new Int32Array(tokenIds.length).fill(noTarget);
  for (const place of choose(words, Math.min(wanted, words.length), fraction)) {
    targets[place] = tokenIds[place] ?? noTarget;
    const kind = fraction();
    if (kind < maskShare) masked[place] = maskId;
    else if (kind < maskShare + randomShare) masked[place] = randomWord();
  }
  return { tokenIds: masked, secondStart, targets };
}
