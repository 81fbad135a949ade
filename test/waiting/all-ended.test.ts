import { expect, it } from 'vitest';
import { allEnded } from '../../src/waiting/all-ended.ts';

it('several works give their results in order, whatever order they end in', async () => {
  const late = new Promise<string>((resolve) => setTimeout(() => resolve('late'), 20));
  expect(await allEnded([late, Promise.resolve(2)])).toEqual(['late', 2]);
});

it('the first of the list that fails is told, once all have ended', async () => {
  let hasEnded = false;
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(() => {
      hasEnded = true;
      reject(new Error('late'));
    }, 20);
  });
  await expect(allEnded([late, Promise.reject(new Error('early'))])).rejects.toThrow('late');
  expect(hasEnded).toBe(true);
});
