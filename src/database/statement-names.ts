// Names of prepared statements: the server parses and plans a statement with a name once a connection, not at each use.

/** More than the service has; a list of values makes another statement of each of its lengths, and not all of them are worth it. */
const mostNames = 200;

/**
 * A name for each statement by its text, the same each time. Empty, which the driver takes for none, for statements without
 * values (the driver sends these in one message as they are) and for all that come after the most that are named.
 */
export function statementNames(): (statement: {
  readonly sql: string;
  readonly args: readonly unknown[];
}) => string {
  const names = new Map<string, string>();
  return ({ sql, args }) => {
    if (args.length === 0) return '';
    const known = names.get(sql);
    if (known !== undefined) return known;
    if (names.size === mostNames) return '';
    const name = `statement_${names.size + 1}`;
    names.set(sql, name);
    return name;
  };
}
