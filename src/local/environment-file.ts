// The variables of a stack as a file that a shell reads: for workers and commands beside it.
import { chmod, writeFile } from 'node:fs/promises';

/** Writes it, for its owner alone: passwords are among the variables. */
export async function writeEnvironmentFile(
  path: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = Object.entries(environment).map(
    ([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`,
  );
  await writeFile(path, lines.join(''), { mode: 0o600 });
  await chmod(path, 0o600);
}
