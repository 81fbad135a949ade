// A clock that stands still while code runs, and jumps to whatever comes next: every process of a simulation waits here.
import { createHash } from 'node:crypto';
import type { Random } from './random.ts';
import { installTimers } from './virtual-timers.ts';

const traceTailLines = 50;
/** More events than any run needs, so that one that goes in circles ends. */
const mostEvents = 60_000;

/** What an invariant throws. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** One operating-system process, from its start to its death. */
export class SimulatedProcess {
  readonly name: string;
  isAlive = true;
  /** Stopped as by SIGSTOP: nothing of it runs before this time. */
  pausedUntil = 0;
  /** What its wall clock is ahead by; the monotonic one has no such thing. */
  clockSkewMilliseconds = 0;
  /** undefined: it does not die. */
  readonly #onDeath: (() => void) | undefined;

  constructor(name: string, onDeath?: () => void) {
    this.name = name;
    this.#onDeath = onDeath;
  }

  get canDie(): boolean {
    return this.#onDeath !== undefined;
  }

  die(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.#onDeath?.();
  }
}

interface ScheduledEvent {
  at: number;
  readonly order: number;
  readonly label: string;
  readonly run: () => void;
  /** Whose code runs then; null for what happens outside of processes. */
  readonly owner: SimulatedProcess | null;
  /** Who sent it, while it is under way to a service. */
  readonly sender: SimulatedProcess | null;
}

export class Scheduler {
  readonly random: Random;
  now = 0;
  eventCount = 0;
  /** How likely a process dies instead of taking its next event. */
  killProbability = 0;
  /** Whose code runs; null between events. */
  current: SimulatedProcess | null = null;
  #events: ScheduledEvent[] = [];
  #order = 0;
  readonly #trace = createHash('sha256');
  readonly #tail: string[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  /** The last lines of what happened. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  note(line: string): void {
    const text = `${this.now.toFixed(3)} ${line}`;
    this.#trace.update(text).update('\n');
    this.#tail.push(text);
    if (this.#tail.length > traceTailLines) this.#tail.shift();
  }

  /** To be called once, at the end. */
  traceHash(): string {
    return this.#trace.digest('hex');
  }

  /**
   * @param owner whose code `run` goes on with; a dead one's is forgotten, a paused one's is late.
   * @param sender of a message to a service: it may arrive although its sender has died.
   * @returns takes the event back.
   */
  after(
    milliseconds: number,
    label: string,
    run: () => void,
    {
      owner = null,
      sender = null,
    }: { readonly owner?: SimulatedProcess | null; readonly sender?: SimulatedProcess | null } = {},
  ): () => void {
    const event = { at: this.now + milliseconds, order: (this.#order += 1), label, run, owner, sender };
    if (owner?.isAlive !== false) this.#events.push(event);
    return () => {
      this.#events = this.#events.filter((other) => other !== event);
    };
  }

  /** Waits as code of a process does. It never comes back to a process that died. */
  wait(process: SimulatedProcess, milliseconds: number, label: string): Promise<void> {
    return new Promise((resolve) => void this.after(milliseconds, label, resolve, { owner: process }));
  }

  kill(process: SimulatedProcess): void {
    if (!process.isAlive) return;
    this.note(`${process.name} is killed`);
    this.#events = this.#events.filter(
      ({ owner, sender }) => owner !== process && (sender !== process || this.random.isDue(0.5)),
    );
    process.die();
  }

  /** Lets things happen until `isDone`, or nothing is left to happen. @throws Violation for a run that does not end. */
  async run(isDone: () => boolean): Promise<void> {
    const removeTimers = installTimers(this);
    try {
      await settled();
      while (!isDone()) {
        const event = this.#take();
        if (event === undefined) throw new Violation('nothing is left to happen, and the run has not ended');
        this.eventCount += 1;
        if (this.eventCount > mostEvents) throw new Violation(`no end after ${mostEvents} events`);
        this.#happen(event);
        await settled();
      }
    } finally {
      removeTimers();
    }
  }

  #happen({ at, owner, label, run }: ScheduledEvent): void {
    this.now = Math.max(this.now, at);
    if (owner?.canDie === true && this.killProbability > 0 && this.random.isDue(this.killProbability)) {
      this.note(`${owner.name} dies before: ${label}`);
      this.kill(owner);
      return;
    }
    this.note(owner === null ? label : `${owner.name}: ${label}`);
    this.current = owner;
    run();
  }

  #take(): ScheduledEvent | undefined {
    for (;;) {
      let first: ScheduledEvent | undefined;
      for (const event of this.#events)
        if (
          first === undefined ||
          event.at < first.at ||
          (event.at === first.at && event.order < first.order)
        )
          first = event;
      if (first === undefined) return undefined;
      if (first.owner !== null && first.owner.pausedUntil > Math.max(this.now, first.at)) {
        first.at = first.owner.pausedUntil;
        continue;
      }
      const taken = first;
      this.#events = this.#events.filter((event) => event !== taken);
      return taken;
    }
  }
}

const realSetImmediate = setImmediate;

/** Until all code that could go on has: microtasks and ticks all come before the next turn of the event loop. */
function settled(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve));
}
