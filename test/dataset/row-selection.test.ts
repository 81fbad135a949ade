// The choice of rows: exactly as many as asked for, the same for the same seed, and a smaller choice within a greater one.
import { describe, expect, it } from 'vitest';
import { chooseRows, ContentCensus, contentPlace } from '../../src/dataset/row-selection.ts';

function chosen(count: number, maximum: number, seed: number): number[] {
  const takes = chooseRows(count, maximum, seed);
  return Array.from({ length: count }, (_, row) => row).filter(takes);
}

describe('a random choice of rows', () => {
  it('has as many rows as asked for, whatever the sizes', () => {
    for (const count of [1, 7, 8, 9, 1000, 100_003])
      for (const maximum of [1, 2, count >> 1, count - 1, count, count + 1])
        expect(chosen(count, maximum, 3).length).toBe(Math.min(maximum, count));
  });

  it('of few rows is within that of more, row for row', () => {
    let previous: number[] = [];
    for (let maximum = 1; maximum <= 3000; maximum = Math.ceil(maximum * 1.5)) {
      const rows = chosen(200_000, maximum, 5);
      expect(previous.every((row) => rows.includes(row))).toBe(true);
      previous = rows;
    }
  });

  it('is another for another seed, and spread over the file', () => {
    const rows = chosen(100_000, 10_000, 1);
    const other = new Set(chosen(100_000, 10_000, 2));
    const common = rows.filter((row) => other.has(row)).length;
    expect(Math.abs(common - 1000)).toBeLessThan(150);
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const within = rows.filter((row) => Math.floor(row / 10_000) === tenth).length;
      expect(Math.abs(within - 1000)).toBeLessThan(150);
    }
  });
});

describe('a share of content', () => {
  it('is as large as asked for, and splits no content from its copies', () => {
    const census = new ContentCensus();
    const content = Array.from({ length: 10_000 }, (_, row) => `text ${row % 5000}`);
    for (const text of content) census.add(text);
    for (const share of [0.01, 0.1, 0.5]) {
      const { place, below, above } = census.shareBelow(share);
      const aside = content.filter((text) => contentPlace(text) < place);
      expect(aside.length).toBe(below);
      expect(below + above).toBe(content.length);
      expect(Math.abs(below - share * content.length)).toBeLessThanOrEqual(4);
    }
  });

  it('of one piece at least is taken where there are two, and nothing where all are copies', () => {
    const census = new ContentCensus();
    for (const text of ['a', 'b', 'c']) census.add(text);
    expect(census.shareBelow(0.01).below).toBe(1);
    const copies = new ContentCensus();
    for (let count = 0; count < 5; count += 1) copies.add('a');
    expect(copies.shareBelow(0.4)).toMatchObject({ below: 0, above: 5 });
  });
});
