// Crashes at a chosen operation: each one that the code under test asks for is numbered, and after the crash none has any effect.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { FileHandle, open, writeFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import type { Database, Queries } from '../../../src/database/client.ts';

/** Where a crash falls: the operation is not done, done, or, for the writing of a file, half done. */
export type CrashMoment = 'before' | 'after' | 'halfway';

class Crash extends Error {
  override readonly name = 'Crash';
}

export class CrashPlan {
  /** What was asked for, in order. */
  readonly labels: string[] = [];
  readonly #at: number;
  readonly #moment: CrashMoment;
  #hasCrashed = false;
  readonly #files = new Set<FileHandle>();
  /** Operations that are asked for at once are done one after the other, so that they have the same numbers each time. */
  readonly #within = new AsyncLocalStorage<true>();
  #last: Promise<unknown> = Promise.resolve();

  /** @param at the number of the operation, from 0; left out: no crash. */
  constructor(at = -1, moment: CrashMoment = 'before') {
    this.#at = at;
    this.#moment = moment;
  }

  get hasCrashed(): boolean {
    return this.#hasCrashed;
  }

  /** @param half does a part of the operation. @throws Crash when it is due, and ever after. */
  point<T>(label: string, work: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> {
    const point = (): Promise<T> => this.#point(label, work, half);
    // A statement of a transaction: the transaction itself is under way.
    if (this.#within.getStore()) return point();
    const done = this.#last.then(() => this.#within.run(true, point));
    // Who was answered asks for its next operation before the one that waits is done.
    this.#last = done.catch(() => undefined).then(() => turn());
    return done;
  }

  async #point<T>(label: string, work: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> {
    if (this.#hasCrashed) throw new Crash(label);
    const isDue = this.labels.push(label) - 1 === this.#at;
    if (isDue && this.#moment !== 'after') {
      this.#hasCrashed = true;
      if (this.#moment === 'halfway') await half?.();
      throw new Crash(label);
    }
    // An answer that the operation failed, too, comes to a process that is no more.
    const [outcome] = await Promise.allSettled([work()]);
    if (isDue) this.#hasCrashed = true;
    if (this.#hasCrashed) throw new Crash(label);
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }

  keep(file: FileHandle): void {
    this.#files.add(file);
  }

  /** Closes what the crash left open, as the system does for a process that died. */
  async end(): Promise<void> {
    for (const file of this.#files) await file.close().catch(() => undefined); // Closed by the code itself.
    this.#files.clear();
  }
}

/** Every method of an object as a point of a plan. @param planOf is asked at each call; without a plan nothing is changed. */
export function crashing<T extends object>(target: T, kind: string, planOf: () => CrashPlan | undefined): T {
  return new Proxy(target, {
    get(_target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member === 'object' && member !== null && kind === 'sql')
        return crashing(member, `sql`, planOf);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]): unknown => {
        const plan = planOf();
        const call = (): unknown => Reflect.apply(member, target, given);
        // A query does nothing until it is awaited.
        return plan === undefined ? call() : plan.point(`${kind} ${String(name)}`, async () => await call());
      };
    },
  });
}

/** A database whose every statement is a point, and the commit too. A crash within a transaction undoes it, as the server does. */
export function crashingDatabase(database: Database, plan: CrashPlan): Database {
  const client = {
    run: <T>(work: (queries: Queries) => Promise<T>) =>
      database.run((queries) => work(crashing(queries, 'sql', () => plan))),
    transaction: <T>(work: (queries: Queries) => Promise<T>) =>
      plan.point('transaction', () =>
        database.transaction(async (queries) => {
          const result = await work(crashing(queries, 'sql', () => plan));
          await plan.point('commit', () => Promise.resolve());
          return result;
        }),
      ),
  };
  // Repositories ask no more of it.
  return client as unknown as Database;
}

interface FileFunctions {
  readonly open: typeof open;
  readonly writeFile: typeof writeFile;
}

/** The functions of node:fs/promises, each a point while there is a plan; so are the methods of the files they open. */
export function crashingFiles<T extends FileFunctions>(real: T, planOf: () => CrashPlan | undefined): T {
  const handles = new WeakMap<object, FileHandle>();
  const changed: FileFunctions = {
    async open(...given) {
      const plan = planOf();
      if (plan === undefined) return real.open(...given);
      const file = await plan.point('file open', async () => {
        const opened = await real.open(...given);
        plan.keep(opened);
        return opened;
      });
      const wrapped = crashing(file, 'file', planOf);
      handles.set(wrapped, file);
      return wrapped;
    },
    async writeFile(place, body, ...rest) {
      const plan = planOf();
      const file = (typeof place === 'object' ? handles.get(place) : undefined) ?? place;
      if (plan === undefined) return real.writeFile(file, body, ...rest);
      await plan.point(
        'file write',
        () => real.writeFile(file, body, ...rest),
        async () => {
          const bytes = await bytesOf(body);
          await real.writeFile(file, bytes.subarray(0, bytes.length >> 1));
        },
      );
    },
  };
  return { ...pointsOf(real, planOf), ...changed };
}

/** A copy with plain members: what a module exports. */
function pointsOf<T extends object>(real: T, planOf: () => CrashPlan | undefined): T {
  const wrapped = crashing({ ...real }, 'file', planOf);
  const names = Object.keys(real) as (keyof T)[];
  return Object.fromEntries(names.map((name) => [name, wrapped[name]])) as T;
}

async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
