// How a process talks to a service: the message arrives late, twice or never, and the answer may be lost.
import { CodedError, type ErrorCode } from '../../src/error.ts';
import type { Scheduler, SimulatedProcess } from './scheduler.ts';

/** How often what goes wrong; all zero once faults have ceased. */
export interface ServiceFaults {
  /** The service does nothing and says so. */
  refused: number;
  /** The service did it, and the answer says that it failed. */
  answerLost: number;
  /** The message arrives twice. */
  doubled: number;
  /** Nothing gets through before this time. */
  outageUntil: number;
}

export const noFaults = (): ServiceFaults => ({ refused: 0, answerLost: 0, doubled: 0, outageUntil: 0 });

const latencyMilliseconds = { least: 0.2, most: 30 } as const;
/** Now and then a message takes a good while. */
const slow = { probability: 0.02, mostMilliseconds: 4_000 } as const;

export class Service {
  readonly #scheduler: Scheduler;
  readonly #unavailable: ErrorCode;
  readonly faults: ServiceFaults = noFaults();

  /** @param unavailable the code of a fault of the service. */
  constructor(scheduler: Scheduler, unavailable: ErrorCode) {
    this.#scheduler = scheduler;
    this.#unavailable = unavailable;
  }

  /**
   * Has `effect` happen at the service at some later time, all at once, and its result arrive later still.
   *
   * @throws CodedError of the service, or what `effect` threw. Settles never for a process that has died.
   */
  request<T>(process: SimulatedProcess, label: string, effect: () => T): Promise<T> {
    const scheduler = this.#scheduler;
    return new Promise<T>((resolve, reject) => {
      if (!process.isAlive) return;
      const answer = (text: string, settle: () => void): void =>
        void scheduler.after(this.#latency(), `${label} ${text}`, settle, { owner: process });
      const isDoubled = scheduler.random.isDue(this.faults.doubled);
      scheduler.after(
        this.#latency(),
        `${process.name} > ${label}`,
        () => {
          const { refused, answerLost, outageUntil } = this.faults;
          if (scheduler.now < outageUntil || scheduler.random.isDue(refused)) {
            answer('is refused', () => reject(this.fault()));
            return;
          }
          const outcome = outcomeOf(effect);
          if (isDoubled)
            scheduler.after(this.#latency(), `${process.name} > ${label}, again`, () => outcomeOf(effect));
          if (scheduler.random.isDue(answerLost)) answer('loses its answer', () => reject(this.fault()));
          else if ('error' in outcome) answer(outcome.error.code, () => reject(outcome.error));
          else answer('is done', () => resolve(outcome.value));
        },
        { sender: process },
      );
    });
  }

  fault(): CodedError {
    return new CodedError(this.#unavailable, 'The simulated service is away.');
  }

  #latency(): number {
    const { random } = this.#scheduler;
    const most = random.isDue(slow.probability) ? slow.mostMilliseconds : latencyMilliseconds.most;
    return random.between(latencyMilliseconds.least, most);
  }
}

/** Anything but a coded error is a fault of the simulation, or a violation: it ends the run. */
function outcomeOf<T>(effect: () => T): { readonly value: T } | { readonly error: CodedError } {
  try {
    return { value: effect() };
  } catch (error) {
    if (error instanceof CodedError) return { error };
    throw error;
  }
}
