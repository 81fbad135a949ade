// The learning rate of each step.

/**
 * The linear schedule with warmup, as Hugging Face's `get_linear_schedule_with_warmup`: rises from 0 over the warmup
 * steps, then falls to 0 at the end. Without warmup the first step has the full rate.
 * @param index - the step counted from 0
 * @param total - steps of the whole run
 */
export function linearSchedule(index: number, total: number, highest: number, warmupRatio: number): number {
  const warmup = Math.ceil(total * warmupRatio);
  if (index < warmup) return (highest * index) / warmup;
  return (highest * Math.max(0, total - index)) / Math.max(1, total - warmup);
}
