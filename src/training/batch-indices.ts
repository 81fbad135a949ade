// What the lookups of a batch in one table need, and the gradients of these lookups.

/** Indices into a table, as `LookupIndices` of the graph. */
export interface BatchIndices {
  /** `[rows * width]`. */
  readonly ids: Int32Array;
  /** Each id that occurs, once, in the order in which they come first. */
  readonly distinct: Int32Array;
  /** `[rows of the table]`: the place among the distinct ids, or their number. */
  readonly slots: Int32Array;
}

/** Notes which rows of a table occur. */
export function indexTable(ids: Int32Array, tableRows: number): BatchIndices {
  const slots = new Int32Array(tableRows).fill(-1);
  const distinct = new Int32Array(Math.min(ids.length, tableRows));
  let count = 0;
  for (const id of ids) {
    if (slots[id] !== -1) continue;
    slots[id] = count;
    distinct[count] = id;
    count += 1;
  }
  for (let row = 0; row < tableRows; row++) if (slots[row] === -1) slots[row] = count;
  return { ids, distinct: distinct.subarray(0, count), slots };
}
