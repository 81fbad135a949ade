// What a check of a project tells of.

type FindingKind =
  /** An object that is referred to is not there. */
  | 'missing'
  /** An object is there, and is not what its name says. */
  | 'corrupt'
  /** Two records of the same thing differ. */
  | 'differs'
  /** Steps are missing in a ledger. */
  | 'gap'
  /** A row refers to a row that is not there. */
  | 'dangling'
  /** Nothing refers to an object: no fault, the next collection takes it. */
  | 'orphaned';

export interface Finding {
  readonly kind: FindingKind;
  /** The row that it was found from, such as `experiment exp_…`; the key of an orphaned object. */
  readonly where: string;
  readonly what: string;
}

/** Whether something is wrong: what nothing refers to only takes room. */
export function isFault({ kind }: Finding): boolean {
  return kind !== 'orphaned';
}
