// From the values of a Parquet file to the cells of the other formats.
import type { CellValue } from './rows.ts';

/** A cell that no row may hold. */
export class CellFault extends Error {}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** @throws CellFault for bytes that are not UTF-8 or hold a NUL. */
export function cellOfText(bytes: Uint8Array): string {
  const text = decode(bytes);
  if (text === undefined) throw new CellFault('is not UTF-8');
  if (text.includes('\0')) throw new CellFault('holds a NUL character');
  return text;
}

/**
 * A value as JSON has it. Whole numbers beyond what a double holds exactly become text, times ISO 8601, and what is no number
 * becomes null. Bytes that the file does not call text are text where they are UTF-8, else base64.
 */
export function cellOf(value: unknown): CellValue {
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return decode(value) ?? Buffer.from(value).toString('base64');
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>, cellOf);
  if (Array.isArray(value)) return value.map(cellOf);
  if (typeof value !== 'object') throw new CellFault('holds a value of an unknown kind');
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cellOf(inner)]));
}

/** About the bytes that a cell takes as text: what limits go by. */
export function cellBytes(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value)) return value.reduce<number>((sum, inner) => sum + 1 + cellBytes(inner), 0);
  if (typeof value !== 'object' || value === null) return 8;
  return Object.entries(value).reduce((sum, [name, inner]) => sum + name.length + cellBytes(inner), 0);
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    // The decoder says no more than that.
    return undefined;
  }
}
