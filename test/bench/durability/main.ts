// `npm run bench:durability`: what a lost training worker and what checkpoints cost, on a model of MiniLM's sizes.
import { parseArgs } from 'node:util';
import { silenceAwsNodeNotice } from '../../../src/process-environment.ts';
import { machine } from '../machine.ts';
import { interruption } from '../interruption.ts';
import { modelOfFolder, modelOfSizes } from './model.ts';
import { measureRecovery } from './recovery.ts';
import { measureTraining } from './share.ts';
import { TrainingStack } from './training-stack.ts';

/** A checkpoint every so many seconds: where workers are killed, and where its cost is measured. */
const frequentSeconds = 4;
const usualSeconds = 20;

interface Settings {
  readonly kills: number;
  readonly minutes: number;
  readonly killEverySeconds: number;
  readonly say: (line: string) => void;
}

const parts = {
  recovery: (stack: TrainingStack, { kills, say }: Settings) =>
    measureRecovery(stack, { kills, checkpointEverySeconds: frequentSeconds }, say),
  stall: (stack: TrainingStack, { minutes }: Settings) =>
    measureTraining(stack, { checkpointEverySeconds: usualSeconds, minutes, killEverySeconds: null }),
  share: (stack: TrainingStack, { minutes, killEverySeconds }: Settings) =>
    measureTraining(stack, { checkpointEverySeconds: frequentSeconds, minutes, killEverySeconds }),
};

type Part = keyof typeof parts;

const isPart = (name: string): name is Part => name in parts;

export async function main(parameters: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      part: { type: 'string', multiple: true, default: Object.keys(parts) },
      model: { type: 'string' },
      kills: { type: 'string', default: '5' },
      minutes: { type: 'string', default: '5' },
      'kill-every-seconds': { type: 'string', default: '60' },
      json: { type: 'boolean', default: false },
    },
  });
  const say = (line: string): void => {
    if (!values.json) console.log(line);
  };
  const settings: Settings = {
    kills: Number(values.kills),
    minutes: Number(values.minutes),
    killEverySeconds: Number(values['kill-every-seconds']),
    say,
  };
  const chosen = values.part.filter(isPart);
  if (chosen.length !== values.part.length)
    throw new Error(`--part is one of ${Object.keys(parts).join(', ')}`);
  silenceAwsNodeNotice();
  const interrupted = interruption();
  const stack = await TrainingStack.start(
    await (values.model ? modelOfFolder(values.model) : modelOfSizes()),
  );
  const results: Partial<Record<Part, object>> = {};
  try {
    for (const part of chosen) {
      say(`${part}:`);
      const result = await Promise.race<object>([parts[part](stack, settings), interrupted]);
      results[part] = result;
      for (const [name, value] of Object.entries(result))
        if (typeof value !== 'object') say(`  ${name.padEnd(32)} ${String(value)}`);
    }
    console.log(JSON.stringify({ ...results, ...machine() }));
  } finally {
    await stack.stop();
  }
}
