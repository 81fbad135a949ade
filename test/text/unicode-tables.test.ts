// Every character of Unicode is of the class that Hugging Face's tokenizers put it in, whatever Node's own tables say.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { normalizeText, splitWords } from '../../src/text/bert-normalizer.ts';
import { splitSpacedWords } from '../../src/text/byte-level-text.ts';

type Class = 'removed' | 'accents' | 'decomposed' | 'punctuation' | 'letters' | 'numbers';

/** Written by scripts/reference/generate-tokenizers.py. */
const file = new URL('../reference/tokenizers.json', import.meta.url);
const reference = JSON.parse(readFileSync(file, 'utf8')) as { characters: Record<Class, string> };

const cased = { cleanText: true, handleChineseCharacters: true, stripAccents: false, lowerCase: false };
const stripping = { ...cased, stripAccents: true };

const isRemoved = (character: string): boolean => normalizeText(`a${character}`, cased) === 'a';
const withoutAccents = (character: string): string => normalizeText(character, stripping).trim();

const isIn: Readonly<Record<Class, (character: string) => boolean>> = {
  removed: isRemoved,
  accents: (character) => !isRemoved(character) && normalizeText(`a${character}`, stripping) === 'a',
  decomposed: (character) =>
    Array.from(withoutAccents(character)).length > 1 ||
    (!isRemoved(character) && !['', character].includes(withoutAccents(character))),
  punctuation: (character) => splitWords(`a${character}b`).length === 3,
  letters: (character) => splitSpacedWords(`a${character}`).length === 1,
  numbers: (character) => splitSpacedWords(`1${character}`).length === 1,
};

function rangesWhere(holds: (character: string) => boolean): string {
  const runs: { first: number; last: number }[] = [];
  for (let point = 0; point < 0x110000; point += 1) {
    if ((point >= 0xd800 && point < 0xe000) || !holds(String.fromCodePoint(point))) continue;
    const run = runs.at(-1);
    if (run?.last === point - 1) run.last = point;
    else runs.push({ first: point, last: point });
  }
  return runs.map(({ first, last }) => `${first.toString(16)}-${last.toString(16)}`).join(' ');
}

describe('the characters of Unicode', () => {
  it.each(Object.keys(isIn) as Class[])('are those of the reference: %s', (name) => {
    expect(rangesWhere(isIn[name])).toBe(reference.characters[name]);
  });
});
