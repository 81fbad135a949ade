// What the main thread learns of an error of another thread.
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/error.ts';
import { brokenThread, errorOf, failureOf } from '../../../src/training/runtime/thread-failure.ts';

/** An error as the other side has it. */
function told(thrown: unknown): CodedError {
  return errorOf(structuredClone(failureOf(thrown)));
}

describe('an error that a thread tells of', () => {
  it('keeps its code and its message', () => {
    const error = told(
      new CodedError('training_diverged', 'The loss is NaN.', { cause: new Error('hidden') }),
    );
    expect(error).toBeInstanceOf(CodedError);
    expect(error).toMatchObject({ code: 'training_diverged', message: 'The loss is NaN.' });
  });

  it('is out_of_memory where memory could not be had, however deep that lies', () => {
    expect(told(new RangeError('Array buffer allocation failed')).code).toBe('out_of_memory');
    const cause = new Error('std::bad_alloc');
    expect(told(new Error('No session could be opened.', { cause })).code).toBe('out_of_memory');
  });

  it('is else engine_failed, and names every cause', () => {
    const cause = new Error('No provider.', { cause: new Error('No device.') });
    expect(told(new Error('No session.', { cause }))).toMatchObject({
      code: 'engine_failed',
      message: 'No session. No provider. No device.',
    });
    expect(told('a text')).toMatchObject({ code: 'engine_failed', message: 'a text' });
  });
});

describe('a thread that breaks', () => {
  it('is named with what broke it', () => {
    const cause = new Error('Cannot find module.');
    expect(brokenThread('The thread', cause)).toMatchObject({
      code: 'engine_failed',
      message: 'The thread failed: Cannot find module.',
      cause,
    });
  });

  it('for want of memory is out_of_memory', () => {
    const cause = new Error('Worker terminated due to reaching memory limit: JS heap out of memory');
    expect(brokenThread('The thread', cause).code).toBe('out_of_memory');
  });
});
