// Which form of evaluation report is written.

/** Counts up when a report changes its fields. */
export const evaluationFormatVersion = 2;
