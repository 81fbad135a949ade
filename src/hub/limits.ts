// Every limit of what is taken from a hub, named once.

export const hubLimits = {
  /** Files of one repository that are looked at. */
  files: 50_000,
  /** Of one answer that is no file: a revision, or a page of a listing. */
  answerBytes: 16 * 1024 * 1024,
  /** Of README.md, which may hold a dataset's configurations. */
  readmeBytes: 4 * 1024 * 1024,
  redirects: 5,
  /** Of one request, the first included; each that a file makes progress on begins anew. */
  attempts: 5,
  firstPauseSeconds: 1,
  /** What a hub that is busy may ask to wait. */
  longestPauseSeconds: 60,
  /** Until an answer begins, and between two pieces of it. */
  silenceSeconds: 60,
} as const;
