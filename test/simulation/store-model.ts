// The objects of a simulation, and a client of them: writes that arrive late, twice or torn, reads that break off.
import { Readable } from 'node:stream';
import type { ObjectStore, StoredObject } from '../../src/storage/object-store.ts';
import type { Service } from './network.ts';
import type { Scheduler, SimulatedProcess } from './scheduler.ts';

/** Of the answers to reads: the connection breaks, or ends as if the object did. */
export interface ReadFaults {
  broken: number;
  short: number;
}

const notAsked = (): never => {
  throw new Error('no checkpoint asks this of a store');
};

const unused: ObjectStore = {
  put: notAsked,
  get: notAsked,
  head: notAsked,
  copy: notAsked,
  delete: notAsked,
  list: notAsked,
  check: notAsked,
  removeUnfinished: notAsked,
};

export class StoreModel {
  readonly objects = new Map<string, Uint8Array>();
  /** Keys whose objects were broken on purpose and not written since. */
  readonly damaged = new Set<string>();
  readonly readFaults: ReadFaults = { broken: 0, short: 0 };
  /** How likely the first write of an object leaves a part of it and fails. */
  tornProbability = 0;

  put(key: string, bytes: Uint8Array, ifAbsent: boolean): 'created' | 'exists' {
    if (ifAbsent && this.objects.has(key)) return 'exists';
    this.objects.set(key, bytes);
    this.damaged.delete(key);
    return 'created';
  }

  damage(key: string, isLost: boolean): void {
    const bytes = this.objects.get(key);
    if (bytes === undefined) return;
    this.damaged.add(key);
    if (isLost) this.objects.delete(key);
    else this.objects.set(key, bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1));
  }
}

/** Where the objects of the simulated experiment lie. */
export function manifestKey(step: number, id: string): string {
  const digits = String(step).padStart(12, '0');
  return `checkpoints/default/exp_1/${digits}-${id.replace('sha256:', '')}.json`;
}

export function blobKey(sha256: string): string {
  const digits = sha256.replace('sha256:', '');
  return `projects/default/blobs/sha256/${digits.slice(0, 2)}/${digits}`;
}

/** The store without a network, for who looks on. */
export function directStore({ objects }: StoreModel): ObjectStore {
  return {
    ...unused,
    get(key) {
      const bytes = objects.get(key);
      return Promise.resolve(
        bytes && {
          body: Readable.from([Buffer.from(bytes)], { objectMode: false }),
          sizeBytes: bytes.length,
        },
      );
    },
  };
}

/** The store as one process sees it. Only what the path of a checkpoint asks of it is there. */
export function storeClient(
  scheduler: Scheduler,
  service: Service,
  model: StoreModel,
  process: SimulatedProcess,
): ObjectStore {
  const { random } = scheduler;

  async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    const middle = bytes.length >> 1;
    yield bytes.subarray(0, middle);
    if (random.isDue(0.3)) await scheduler.wait(process, random.between(0.2, 60), 'read goes on');
    if (random.isDue(model.readFaults.broken)) throw service.fault();
    const isShort = random.isDue(model.readFaults.short);
    yield bytes.subarray(middle, isShort ? bytes.length - 1 : bytes.length);
  }

  return {
    ...unused,
    async put(key, body, { ifAbsent = false } = {}) {
      const bytes = body instanceof Uint8Array ? body.slice() : await bytesOf(body);
      return service.request(process, `put ${nameOf(key)}`, () => {
        // A store may not do this. Blobs and manifests withstand it all the same, as their names say what they are.
        if (!model.objects.has(key) && random.isDue(model.tornProbability)) {
          model.objects.set(key, bytes.subarray(0, bytes.length >> 1));
          throw service.fault();
        }
        return model.put(key, bytes, ifAbsent);
      });
    },
    async get(key): Promise<StoredObject | undefined> {
      const bytes = await service.request(process, `get ${nameOf(key)}`, () => model.objects.get(key));
      if (bytes === undefined) return undefined;
      return { body: Readable.from(chunksOf(bytes), { objectMode: false }), sizeBytes: bytes.length };
    },
  };
}

async function bytesOf(body: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

/** Short enough for a trace. */
function nameOf(key: string): string {
  const last = key.slice(key.lastIndexOf('/') + 1);
  return key.startsWith('checkpoints/')
    ? `manifest ${Number(last.slice(0, 12))}`
    : `blob ${last.slice(0, 6)}`;
}
