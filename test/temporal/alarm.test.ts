import { expect, it } from 'vitest';
import { Alarm } from '../../src/temporal/alarm.ts';

async function secondsOf(wait: Promise<void>): Promise<number> {
  const began = performance.now();
  await wait;
  return (performance.now() - began) / 1000;
}

it('waits as long as it was asked to', async () => {
  expect(await secondsOf(new Alarm().wait(0.2))).toBeGreaterThan(0.19);
});

it('ends a wait when it rings', async () => {
  const alarm = new Alarm();
  setTimeout(() => alarm.ring(), 50);
  expect(await secondsOf(alarm.wait(5))).toBeLessThan(1);
});

it('ends the next wait at once when it has rung while nobody waited, and that one alone', async () => {
  const alarm = new Alarm();
  alarm.ring();
  alarm.ring();
  expect(await secondsOf(alarm.wait(5))).toBeLessThan(1);
  expect(await secondsOf(alarm.wait(0.2))).toBeGreaterThan(0.19);
});
