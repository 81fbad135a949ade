// Added tokens: they stand for themselves wherever they occur in a text, before the text is split into words.
import { describe, invalid, isId, refuseLongToken } from './tokenizer-fields.ts';
import { isJsonObject } from '../json/json-object.ts';

/** As in the `added_tokens` of a tokenizer.json. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Found only where no letter, mark or digit stands beside it. */
  readonly singleWord: boolean;
  /** Takes the white space before it, or after it. */
  readonly takesSpaceBefore: boolean;
  readonly takesSpaceAfter: boolean;
  /** Looked for in the normalized text, not in the text as it came. */
  readonly normalized: boolean;
}

/** Each place of a text may be compared with every added token. */
const mostAddedTokens = 10_000;

const whiteSpace = /^\p{White_Space}$/u;
const wordAtEnd = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const wordAtStart = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/** @throws CodedError `model_invalid` for a token without content or id. */
export function readAddedTokens(value: unknown): readonly AddedToken[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid('added_tokens is not an array');
  if (value.length > mostAddedTokens) throw invalid(`it has over ${mostAddedTokens} added tokens`);
  return value.map((token: unknown) => {
    if (!isJsonObject(token) || typeof token['content'] !== 'string' || !isId(token['id'])) {
      throw invalid('an added token lacks its content or id');
    }
    const { content, id } = token;
    if (content === '') throw invalid(`the added token ${describe(id)} is empty`);
    refuseLongToken(content);
    return {
      id,
      content,
      singleWord: token['single_word'] === true,
      takesSpaceBefore: token['lstrip'] === true,
      takesSpaceAfter: token['rstrip'] === true,
      normalized: token['normalized'] === true,
    };
  });
}

/** Finds some added tokens in texts; where several could begin, the longest is taken. */
export class AddedTokenFinder {
  readonly #byContent: ReadonlyMap<string, AddedToken>;
  readonly #pattern: RegExp | undefined;

  /** @param contentOf what of a token is looked for; a token of which nothing is left is never found. */
  constructor(tokens: readonly AddedToken[], contentOf: (token: AddedToken) => string) {
    this.#byContent = new Map(
      tokens.map((token) => [contentOf(token), token] as const).filter(([content]) => content !== ''),
    );
    const contents = [...this.#byContent.keys()].sort((left, right) => right.length - left.length);
    this.#pattern =
      contents.length === 0 ? undefined : new RegExp(contents.map(escapePattern).join('|'), 'gu');
  }

  /** The text in its order: strings between added tokens, none of them empty, and ids of added tokens. */
  split(text: string): readonly (string | number)[] {
    const pattern = this.#pattern;
    if (pattern === undefined || text.search(pattern) === -1) return text === '' ? [] : [text];
    const parts: (string | number)[] = [];
    let done = 0;
    for (const match of text.matchAll(pattern)) {
      const token = this.#byContent.get(match[0]);
      let start = match.index;
      let end = start + match[0].length;
      if (token === undefined || (token.singleWord && touchesWord(text, start, end))) continue;
      if (token.takesSpaceBefore) while (isWhiteSpace(text[start - 1])) start -= 1;
      if (token.takesSpaceAfter) while (isWhiteSpace(text[end])) end += 1;
      if (done < start) parts.push(text.slice(done, start));
      parts.push(token.id);
      done = end;
    }
    if (done < text.length) parts.push(text.slice(done));
    return parts;
  }
}

/** A code point takes at most two units of a string. */
function touchesWord(text: string, start: number, end: number): boolean {
  return (
    wordAtEnd.test(text.slice(Math.max(0, start - 2), start)) || wordAtStart.test(text.slice(end, end + 2))
  );
}

function isWhiteSpace(character: string | undefined): boolean {
  return character !== undefined && whiteSpace.test(character);
}

function escapePattern(content: string): string {
  return content.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
