// Quantized weights beside the weights.
import { describe, expect, it } from 'vitest';
import { quantizeColumns } from '../../../src/training/inference/quantization.ts';

describe('quantized columns', () => {
  it('are off by half a level at most, each column by its own scale', () => {
    const columns = 3;
    const values = Float32Array.from(
      { length: 30 },
      (_, place) => Math.sin(place * 7) * 10 ** (place % columns),
    );
    const { data, scales } = quantizeColumns(values, columns);
    values.forEach((value, place) => {
      const scale = scales[place % columns]!;
      expect(Math.abs(data[place]! * scale - value)).toBeLessThanOrEqual(scale * 0.50001);
    });
    expect(scales[2]! / scales[0]!).toBeGreaterThan(50);
  });

  it('use seven bits, so that two products fit into 16 bits, and keep a column of zeros', () => {
    const { data, scales } = quantizeColumns(Float32Array.of(-2, 0, 2, 0, 1.05, 0), 2);
    expect([...data]).toEqual([-63, 0, 63, 0, 33, 0]);
    expect(2 * 255 * Math.max(...data)).toBeLessThan(2 ** 15);
    expect(scales[1]).toBe(1);
  });
});
