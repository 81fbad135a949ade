// One listening connection a process, from which everyone who waits for a change of an experiment or the outbox is woken.
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { channels } from './notification.ts';
import { newSession } from './session.ts';

const leastRetryMilliseconds = 100;
const mostRetryMilliseconds = 5_000;

/** Notices changes of one experiment from the moment it was made, so that none falls between reading and waiting. */
export interface ChangeWatch {
  /** Resolves `true` at the next change (or one since the last call), `false` after the time or when the signal aborts. */
  next(timeoutSeconds: number, signal?: AbortSignal): Promise<boolean>;
  close(): void;
}

class Watch implements ChangeWatch {
  #changed = false;
  #wake: (() => void) | undefined;
  readonly #onClose: (watch: Watch) => void;

  constructor(onClose: (watch: Watch) => void) {
    this.#onClose = onClose;
  }

  notify(): void {
    this.#changed = true;
    this.#wake?.();
  }

  async next(timeoutSeconds: number, signal?: AbortSignal): Promise<boolean> {
    if (!this.#changed && !signal?.aborted)
      await new Promise<void>((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', end);
          this.#wake = undefined;
          resolve();
        };
        const timer = setTimeout(end, timeoutSeconds * 1000);
        signal?.addEventListener('abort', end, { once: true });
        this.#wake = end;
      });
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  close(): void {
    this.#onClose(this);
    this.#wake?.();
  }
}

/**
 * Wakes whoever waits for a change of an experiment or a row of the outbox. A lost connection wakes everyone once it is made
 * anew.
 */
export class ChangeFeed {
  readonly #url: string;
  readonly #watches = new Map<string, Set<Watch>>();
  readonly #outboxCallbacks = new Set<() => void>();
  readonly #stopping = new AbortController();
  #client: Client | undefined;
  #running: Promise<void> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Starts listening; a lost connection is made anew for as long as it takes. */
  start(): void {
    this.#running ??= this.#keepListening();
  }

  watch(experimentId: string): ChangeWatch {
    const watches = this.#watches.get(experimentId) ?? new Set();
    const watch = new Watch((closed) => {
      watches.delete(closed);
      if (watches.size === 0) this.#watches.delete(experimentId);
    });
    watches.add(watch);
    this.#watches.set(experimentId, watches);
    return watch;
  }

  /** Calls back when the outbox may have a new row. @returns a function that ends this. */
  onOutbox(callback: () => void): () => void {
    this.#outboxCallbacks.add(callback);
    return () => this.#outboxCallbacks.delete(callback);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#client?.end().catch(() => undefined);
    await this.#running;
  }

  async #keepListening(): Promise<void> {
    const { signal } = this.#stopping;
    let retryMilliseconds = leastRetryMilliseconds;
    while (!signal.aborted) {
      const listened = await this.#listen().catch(() => false);
      retryMilliseconds = listened
        ? leastRetryMilliseconds
        : Math.min(retryMilliseconds * 2, mostRetryMilliseconds);
      // Stopping ends the pause; nothing else can fail in it.
      await delay(retryMilliseconds, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Listens until the connection ends. @returns whether it was made at all. */
  async #listen(): Promise<boolean> {
    const client = newSession(this.#url);
    // Follows each error, and a new connection this.
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    client.on('notification', ({ channel, payload }) => {
      if (channel === channels.outbox) this.#wakeOutbox();
      else if (payload !== undefined) this.#watches.get(payload)?.forEach((watch) => watch.notify());
    });
    this.#client = client;
    try {
      await client.connect();
      for (const channel of Object.values(channels)) await client.query(`LISTEN ${channel}`);
    } catch {
      await client.end().catch(() => undefined);
      return false;
    }
    if (this.#stopping.signal.aborted) await client.end().catch(() => undefined);
    // Whatever changed while nobody listened is found by looking again.
    this.#wakeAll();
    await ended;
    return true;
  }

  #wakeAll(): void {
    for (const watches of this.#watches.values()) watches.forEach((watch) => watch.notify());
    this.#wakeOutbox();
  }

  #wakeOutbox(): void {
    this.#outboxCallbacks.forEach((callback) => callback());
  }
}
