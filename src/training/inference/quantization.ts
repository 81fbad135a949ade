// Symmetric quantization of weights to seven bits, one scale a column.

/**
 * Seven bits and not eight: processors without VNNI instructions add two products of an unsigned 8-bit activation and a
 * weight in 16 bits, and 2 * 255 * 63 is what fits there. So every processor gives the exact sum.
 */
const largestLevel = 63;

interface QuantizedMatrix {
  /** int8 [rows, columns], row-major, each from -63 to 63. */
  readonly data: Int8Array;
  /** float32 [columns]: a value is its level times the scale of its column. */
  readonly scales: Float32Array;
}

/**
 * Quantizes each column of a matrix by its largest magnitude (Jacob et al., arXiv 1712.05877, with zero point 0).
 * An element is off by at most half the scale of its column. A column of zeros gets scale 1.
 * @param values float32 [rows, columns], row-major.
 */
export function quantizeColumns(values: Float32Array, columns: number): QuantizedMatrix {
  const scales = new Float32Array(columns);
  values.forEach((value, place) => {
    const column = place % columns;
    scales[column] = Math.max(scales[column] ?? 0, Math.abs(value));
  });
  scales.forEach((largest, column) => {
    scales[column] = largest === 0 ? 1 : largest / largestLevel;
  });
  const data = Int8Array.from(values, (value, place) => Math.round(value / (scales[place % columns] ?? 1)));
  return { data, scales };
}
