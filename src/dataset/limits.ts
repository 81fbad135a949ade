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

/** Of Parquet files. One row group is decoded at a time, so that these bound the memory of reading a file of any size. */
export const parquetLimits = {
  /** What describes the file, at its end. */
  footerBytes: 16 * 1024 * 1024,
  /** Columns and what they are made of. */
  schemaElements: 10_000,
  /** Of one row group, decompressed. */
  rowGroupBytes: 512 * 1024 * 1024,
  rowGroupRows: 10_000_000,
  /** Rows that are decoded together where no column is nested. */
  sliceRows: 65_536,
  /** Rows that are handed on together, and about how many bytes of them: a value that many rows share counts in each. */
  batchRows: 1_024,
  batchBytes: 16 * 1024 * 1024,
  /** Of the thread that decodes. */
  heapMebibytes: 2_048,
  /** What decoding the next rows may take: only a file made to hang a reader takes longer. */
  answerSeconds: 120,
} as const;
