// Cells that hold several things: the names of a multi-label row, the words of a text and the labels of its words.
import { numberProblem } from './number-problem.ts';
import type { CellValue } from './rows.ts';

/**
 * The names in a cell: a list, its JSON text, or names separated by `|`, or by `,` where there is no `|`. A name that comes
 * twice counts once.
 *
 * @returns `undefined` for an empty cell (an empty list is none), `null` for what is no list of names.
 */
export function namesOf(value: CellValue): readonly string[] | undefined | null {
  const names = itemsOf(value, (text) => text.split(text.includes('|') ? '|' : ','));
  return names && [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))];
}

/**
 * The words of a text, or the labels of its words: a list, its JSON text, or words separated by spaces.
 *
 * @returns `undefined` for an empty cell or list, `null` for what is no list of words.
 */
export function wordsOf(value: CellValue): readonly string[] | undefined | null {
  const words = itemsOf(value, (text) => text.trim().split(/ +/));
  return words?.length === 0 ? undefined : words;
}

function itemsOf(
  value: CellValue,
  split: (text: string) => readonly string[],
): readonly string[] | undefined | null {
  if (value === null) return undefined;
  if (typeof value === 'string') {
    const text = value.trim();
    if (text === '') return undefined;
    // Text in brackets that is no JSON would otherwise become names with brackets and quotes in them.
    return text.startsWith('[') && text.endsWith(']') ? listOf(parse(text)) : split(value);
  }
  return typeof value === 'object' ? listOf(value) : [String(value)];
}

function listOf(value: unknown): readonly string[] | null {
  if (!Array.isArray(value) || numberProblem(value) !== undefined) return null;
  const items = value.map((item: unknown) =>
    typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean' ? String(item) : null,
  );
  return items.every((item) => item !== null) ? items : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What the parser found wrong is of no help beside the line's number.
    return undefined;
  }
}
