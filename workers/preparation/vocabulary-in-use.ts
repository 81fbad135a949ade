// The words that an experiment's examples use: only their rows are trained, the others see nothing but weight decay.
/** The ids of both, ascending. */
export function vocabularyInUse(
  train: { readonly vocabulary: Int32Array },
  evaluation: { readonly vocabulary: Int32Array },
): Int32Array {
  return Int32Array.from(new Set([...train.vocabulary, ...evaluation.vocabulary])).sort();
}
