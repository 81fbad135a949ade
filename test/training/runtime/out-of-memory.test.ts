// Memory that cannot be had is told from every other fault, however deep it lies in what is thrown.
import { describe, expect, it } from 'vitest';
import { CodedError, codedIfOutOfMemory } from '../../../src/error.ts';

function allocationFailure(): Error {
  try {
    return new Error(`${new ArrayBuffer(Number.MAX_SAFE_INTEGER).byteLength} bytes were given`);
  } catch (error) {
    return error as Error;
  }
}

describe('a failure to allocate', () => {
  it.each([
    ['by the JavaScript engine', allocationFailure()],
    ['by the C++ library', new Error('std::bad_alloc')],
    [
      'by onnxruntime',
      new Error('Non-zero status code: Failed to allocate memory for requested buffer of size 9'),
    ],
    ['by a copy for a thread', new Error('Data cannot be cloned, out of memory.')],
    ['as the cause of another', new Error('No session could be opened.', { cause: new Error('bad_alloc') })],
  ])('%s is out_of_memory', (_name, error) => {
    expect(codedIfOutOfMemory(error)).toMatchObject({ code: 'out_of_memory', cause: error });
  });

  it('is told from other faults and from coded ones', () => {
    const others = [
      new RangeError('Invalid array length'),
      new CodedError('storage_unavailable', 'out of memory'),
      'bad_alloc',
    ];
    for (const error of others) expect(codedIfOutOfMemory(error)).toBe(error);
  });
});
