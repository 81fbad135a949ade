// Added tokens and the white space that they take, where two of them meet.
import { describe, expect, it } from 'vitest';
import { AddedTokenFinder, readAddedTokens } from '../../src/text/added-tokens.ts';

describe('added tokens', () => {
  const tokens = readAddedTokens([
    { id: 1, content: '<left>', lstrip: true },
    { id: 2, content: '<right>', rstrip: true },
    { id: 3, content: '<word>', single_word: true },
  ]);
  const split = (text: string) => new AddedTokenFinder(tokens, ({ content }) => content).split(text);

  it('take the white space between them once', () => {
    expect(split('a <right> <left> b')).toEqual(['a ', 2, 1, ' b']);
    expect(split(' <left> <right> ')).toEqual([1, ' ', 2]);
  });

  it('that must stand alone are found beside signs and other tokens, not beside letters and marks', () => {
    expect(split('<word>-<word>')).toEqual([3, '-', 3]);
    expect(split('<left><word>')).toEqual([1, 3]);
    expect(split('a<word> <word>\u0301 𝐀<word>')).toEqual(['a<word> <word>\u0301 𝐀<word>']);
  });

  it('of which nothing is looked for are never found', () => {
    expect(new AddedTokenFinder(tokens, () => '').split('<left>')).toEqual(['<left>']);
  });

  it('leave nothing of nothing', () => {
    expect(split('')).toEqual([]);
  });
});
