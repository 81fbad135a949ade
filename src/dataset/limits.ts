// Every limit of datasets, named once.

export const datasetLimits = {
  /** A line of any format, or a record of CSV, which may have several. */
  longestLineBytes: 1024 * 1024,
  columns: 1_000,
  columnNameCharacters: 200,
  /** Wrong lines that a refusal lists. */
  listedProblems: 20,
  sampleRows: 5,
  sampleValueCharacters: 200,
  classes: 1_000,
  labelCharacters: 500,
  /** Label names that a message lists. */
  listedLabels: 5,
} as const;
