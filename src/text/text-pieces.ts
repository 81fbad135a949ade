// From a text to token ids, added tokens first: what every kind of tokenizer has in common.
import { AddedTokenFinder, type AddedToken } from './added-tokens.ts';

/** How a kind of tokenizer spells text that has no added tokens. */
export interface TextPieces {
  /** The text as the vocabulary sees it. */
  normalize(text: string): string;
  /** Appends the tokens of a normalized text; what comes after `ids` has reached `limit` may be left out. */
  append(normalized: string, ids: number[], limit: number): void;
}

/** Appends the tokens of a text to `ids`, cut so that `ids` has at most `limit`. */
export type AppendTokens = (text: string, ids: number[], limit: number) => void;

/** Added tokens are found in the text as it came, then those that are normalized in the normalized rest. */
export function tokenAppender(pieces: TextPieces, addedTokens: readonly AddedToken[]): AppendTokens {
  const finder = (normalized: boolean): AddedTokenFinder =>
    new AddedTokenFinder(
      addedTokens.filter((token) => token.normalized === normalized),
      ({ content }) => (normalized ? pieces.normalize(content) : content),
    );
  const [raw, normalized] = [finder(false), finder(true)];
  return (text, ids, limit) => {
    for (const part of raw.split(text)) {
      if (typeof part === 'number') {
        ids.push(part);
        continue;
      }
      for (const piece of normalized.split(pieces.normalize(part))) {
        if (typeof piece === 'number') ids.push(piece);
        else pieces.append(piece, ids, limit);
      }
    }
    if (ids.length > limit) ids.length = limit;
  };
}
