// Fits a sum of parts, each times a factor of at least 0, to measured values, by relative error: for cost models.

/** Factors of at least 0 whose weighted sum of squares is least, one factor after another until they rest. */
function leastSquares(rows, weights) {
  const width = rows[0].length;
  const factors = Array(width).fill(0);
  for (let sweep = 0; sweep < 5000; sweep += 1)
    for (let column = 0; column < width; column += 1) {
      let [slope, curve] = [0, 0];
      rows.forEach((row, index) => {
        const rest =
          1 - row.reduce((sum, value, other) => (other === column ? sum : sum + value * factors[other]), 0);
        slope += weights[index] * row[column] * rest;
        curve += weights[index] * row[column] ** 2;
      });
      factors[column] = curve === 0 ? 0 : Math.max(0, slope / curve);
    }
  return factors;
}

/** Prints factors whose largest relative error over the table is about as small as it can be (Lawson's reweighting). */
export function fit(what, names, rows, measured, points) {
  const relative = rows.map((row, index) => row.map((value) => value / measured[index]));
  const scale = names.map((_, column) => Math.max(...relative.map((row) => row[column])) || 1);
  const scaled = relative.map((row) => row.map((value, column) => value / scale[column]));
  let weights = rows.map(() => 1);
  let factors = [];
  let errors = [];
  for (let round = 0; round < 60; round += 1) {
    factors = leastSquares(scaled, weights);
    errors = scaled.map((row) => row.reduce((sum, value, column) => sum + value * factors[column], 0) - 1);
    const largest = Math.max(...errors.map(Math.abs));
    weights = weights.map((weight, index) => weight * (1 + (0.5 * Math.abs(errors[index])) / largest));
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
    weights = weights.map((weight) => weight / mean);
  }
  console.log(what, Object.fromEntries(names.map((name, column) => [name, factors[column] / scale[column]])));
  points.forEach(({ name }, index) =>
    console.log(`  ${name.padEnd(24)} ${(100 * errors[index]).toFixed(1)} %`),
  );
}
