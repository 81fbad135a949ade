// Safetensors files: what is written is read, and no file, however it lies, does worse than being refused.
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../src/error.ts';
import { readHeaderLength } from '../../src/model/safetensors-header.ts';
import {
  encodeSafetensors,
  readSafetensors,
  safetensorsFile,
  type NamedTensor,
} from '../../src/model/safetensors.ts';

function read(file: Uint8Array): Promise<readonly NamedTensor[]> {
  return readSafetensors(Readable.from([file], { objectMode: false }), file.byteLength);
}

/** A file with any header over any data. */
function withHeader(header: unknown, data: Uint8Array): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

const entry = (shape: number[], start: number, end: number, dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

const tensors: NamedTensor[] = [
  { name: 'b', shape: [2, 3], data: Float32Array.from([1, -2, 3.5, 0, -0, NaN]) },
  { name: 'a', shape: [], data: Float32Array.from([7]) },
  { name: 'empty', shape: [0, 4], data: new Float32Array(0) },
];

describe('a safetensors file', () => {
  it('gives back what was written, whatever the pieces it comes in', async () => {
    const file = encodeSafetensors(tensors);
    for (const size of [1, 7, 64, file.length]) {
      const pieces = Array.from({ length: Math.ceil(file.length / size) }, (_, index) =>
        file.subarray(index * size, (index + 1) * size),
      );
      const back = await readSafetensors(Readable.from(pieces, { objectMode: false }), file.length);
      expect([...back].sort((x, y) => (x.name < y.name ? -1 : 1))).toEqual(
        [...tensors].sort((x, y) => (x.name < y.name ? -1 : 1)),
      );
    }
  });

  it('is the same bytes whatever the order of the tensors, with aligned data', () => {
    const file = encodeSafetensors(tensors);
    expect(Buffer.from(encodeSafetensors(tensors.toReversed())).equals(file)).toBe(true);
    const headerBytes = Number(Buffer.from(file).readBigUInt64LE(0));
    expect((8 + headerBytes) % 8).toBe(0);
  });

  it('in parts is the same file, and shares the memory of the tensors', () => {
    const { parts } = safetensorsFile(tensors);
    expect(Buffer.concat(parts).equals(encodeSafetensors(tensors))).toBe(true);
    const memory = new Set<unknown>(parts.slice(1).map((part) => part.buffer));
    expect(tensors.every(({ data }) => memory.has(data.buffer))).toBe(true);
  });

  it('is not written when a tensor is there twice or has another size than its shape', () => {
    expect(() => encodeSafetensors([tensors[0]!, tensors[0]!])).toThrow(TypeError);
    expect(() => encodeSafetensors([{ name: 'x', shape: [2], data: new Float32Array(3) }])).toThrow(
      TypeError,
    );
  });

  it('has its half-precision tensors widened and its integers passed over', async () => {
    const data = Buffer.alloc(24);
    // 1, -2, the least subnormal and infinity in binary16; 1 and -3.5 in bfloat16.
    for (const [index, bits] of [0x3c00, 0xc000, 0x0001, 0x7c00, 0x3f80, 0xc060].entries()) {
      data.writeUInt16LE(bits, 2 * index);
    }
    const header = {
      half: entry([4], 0, 8, 'F16'),
      brain: entry([2], 8, 12, 'BF16'),
      ids: { ...entry([1], 12, 20, 'I64') },
      tail: entry([1], 20, 24),
    };
    const found = new Map((await read(withHeader(header, data))).map(({ name, data }) => [name, [...data]]));
    expect(found.get('half')).toEqual([1, -2, 2 ** -24, Infinity]);
    expect(found.get('brain')).toEqual([1, -3.5]);
    expect([...found.keys()]).toEqual(['half', 'brain', 'tail']);
  });

  const eight = new Uint8Array(8);
  it.each<[string, Uint8Array]>([
    ['is too short for a length', new Uint8Array(5)],
    ['is empty', new Uint8Array(0)],
    ['says that its header is longer than the file', Buffer.from('ff00000000000000', 'hex')],
    ['says that its header is over the limit', Buffer.from('ffffffffffffff7f', 'hex')],
    ['has no JSON', withHeader('{"a":', eight)],
    ['has an array', withHeader([], new Uint8Array(0))],
    ['is not UTF-8', withHeader('{}', eight).fill(0xff, 8)],
    ['overlaps', withHeader({ a: entry([2], 0, 8), b: entry([1], 4, 8) }, eight)],
    ['leaves a gap', withHeader({ a: entry([1], 4, 8) }, eight)],
    ['leaves bytes over', withHeader({ a: entry([1], 0, 4) }, eight)],
    ['points beyond its end', withHeader({ a: entry([4], 0, 16) }, eight)],
    ['has another shape than size', withHeader({ a: entry([3], 0, 8) }, eight)],
    ['has a shape whose product wraps', withHeader({ a: entry([2 ** 32, 2 ** 32], 0, 8) }, eight)],
    ['has a negative size', withHeader({ a: entry([-1, -2], 0, 8) }, eight)],
    ['runs backwards', withHeader({ a: entry([2], 8, 0) }, eight)],
    ['has an unknown type', withHeader({ a: entry([2], 0, 8, 'F31') }, eight)],
    ['has a type from the prototype', withHeader({ a: entry([2], 0, 8, 'constructor') }, eight)],
    [
      'names a tensor twice',
      withHeader(
        '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
        eight,
      ),
    ],
    ['has too many dimensions', withHeader({ a: entry([1, 1, 1, 1, 1, 1, 1, 1, 2], 0, 8) }, eight)],
    ['has an entry that is null', withHeader({ a: null }, new Uint8Array(0))],
  ])('that %s is refused', async (_what, file) => {
    await expect(read(file)).rejects.toMatchObject({ code: 'model_invalid' });
  });

  it('whose header is over 100 MB is refused, though the file be larger', () => {
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(100_000_000n);
    expect(readHeaderLength(prefix, 2 ** 31)).toBe(100_000_000);
    prefix.writeBigUInt64LE(100_000_001n);
    expect(() => readHeaderLength(prefix, 2 ** 31)).toThrow(CodedError);
  });

  it('that is cut off is refused', async () => {
    const file = encodeSafetensors(tensors);
    const cut = Readable.from([file.subarray(0, file.length - 1)], { objectMode: false });
    await expect(readSafetensors(cut, file.length)).rejects.toMatchObject({ code: 'model_invalid' });
  });

  it('of any hostile kind is read or refused, never anything else', async () => {
    const shape = fc.array(fc.oneof(fc.integer({ min: -2, max: 5 }), fc.double(), fc.constant(2 ** 40)));
    const offsets = fc.array(fc.oneof(fc.integer({ min: -4, max: 64 }), fc.double()), { maxLength: 3 });
    const dtype = fc.oneof(fc.constantFrom('F32', 'F16', 'BF16', 'I64', 'F64', '__proto__'), fc.jsonValue());
    const anyEntry = fc.oneof(fc.record({ dtype, shape, data_offsets: offsets }), fc.jsonValue());
    const header = fc.oneof(
      fc.dictionary(fc.string(), anyEntry).map((value) => JSON.stringify(value)),
      fc.string(),
      fc.json(),
    );
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        header,
        fc.uint8Array({ maxLength: 64 }),
        fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
        async (text, data, lie) => {
          const file = Buffer.from(withHeader(text, data));
          if (lie !== null) file.writeBigUInt64LE(lie);
          try {
            await read(file);
          } catch (error) {
            expect(error).toBeInstanceOf(CodedError);
            refused += 1;
          }
        },
      ),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it('survives any tensors there and back', async () => {
    const tensor = fc
      .record({ name: fc.string({ unit: 'binary' }), shape: fc.array(fc.nat({ max: 4 }), { maxLength: 3 }) })
      .filter(({ name }) => name !== '__metadata__')
      .chain(({ name, shape }) => {
        const length = shape.reduce((product, size) => product * size, 1);
        return fc
          .float32Array({ minLength: length, maxLength: length })
          .map((data) => ({ name, shape, data: Float32Array.from(data) }));
      });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 6 }),
        async (written) => {
          const byName = (list: readonly NamedTensor[]) => new Map(list.map((one) => [one.name, one]));
          expect(byName(await read(encodeSafetensors(written)))).toEqual(byName(written));
        },
      ),
    );
  });
});
