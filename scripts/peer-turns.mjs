// Runs this engine and the peer in turns, each in a process of its own, so that a machine that grows slower is so for both.
import { spawnSync } from 'node:child_process';

/** Runs a command to its end and returns the JSON of its last line. */
export function lastLineOf(command, parameters) {
  const { status, stdout, stderr } = spawnSync(command, parameters, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  });
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} failed: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1));
}

/** Runs ways in turns - A B A B - and returns for each the results of its rounds. */
export async function inTurns(rounds, ways) {
  const results = ways.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [place, way] of ways.entries()) results[place].push(await way(round));
  return results;
}

export function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/** The standard deviation of a sample; 0 of a single number. */
export function deviation(numbers) {
  if (numbers.length < 2) return 0;
  const middle = mean(numbers);
  const squares = numbers.reduce((sum, number) => sum + (number - middle) ** 2, 0);
  return Math.sqrt(squares / (numbers.length - 1));
}
