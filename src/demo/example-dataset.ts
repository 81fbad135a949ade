// The demo's dataset: messages to a shop's support in eight intents, made by a seeded generator. The evaluation split
// holds combinations of phrase and thing that the training split never shows, so that its accuracy means something.

export interface ExampleRow {
  readonly text: string;
  readonly intent: string;
}

export interface ExampleDataset {
  readonly train: readonly ExampleRow[];
  readonly validation: readonly ExampleRow[];
}

const things = [
  'desk lamp',
  'winter coat',
  'coffee grinder',
  'running shoes',
  'phone case',
  'garden hose',
  'board game',
  'travel mug',
  'office chair',
  'wool scarf',
  'bread knife',
  'yoga mat',
  'alarm clock',
  'rain jacket',
  'paint set',
  'bike light',
] as const;

/** Phrases of each intent; `{}` is the thing. Words are shared between intents, so that one word alone decides little. */
const phrases: Readonly<Record<string, readonly string[]>> = {
  refund: [
    'I want my money back for the {}',
    'please return the payment for the {}',
    'how do I get a refund on the {}',
    'the {} was not what I ordered so pay me back',
    'when will the refund for the {} arrive',
  ],
  delivery: [
    'where is the {} I ordered',
    'the {} has not arrived yet',
    'when will the {} be delivered',
    'tracking for the {} shows nothing',
    'how long until the {} arrives',
  ],
  cancel: [
    'please cancel my order of the {}',
    'I no longer want the {} so stop the order',
    'do not send the {} after all',
    'can I still cancel the {}',
    'I ordered the {} by mistake, take it off',
  ],
  address: [
    'send the {} to another address',
    'I moved, please change where the {} goes',
    'the street on my order of the {} is wrong',
    'can the {} be delivered to my office instead',
    'update the delivery address for the {}',
  ],
  damaged: [
    'the {} arrived broken',
    'there is a crack in the {}',
    'the {} was damaged when it was delivered',
    'a part of the {} fell off on the first day',
    'the {} came scratched and bent',
  ],
  invoice: [
    'I need an invoice for the {}',
    'please send the receipt of the {} to me',
    'the bill for the {} has the wrong company name',
    'where can I download the invoice for the {}',
    'my accountant needs a receipt for the {}',
  ],
  exchange: [
    'I want to swap the {} for another size',
    'can I exchange the {} for a different colour',
    'the {} is too small, send a larger one',
    'please replace the {} with the blue one',
    'I would rather have another model than the {}',
  ],
  stock: [
    'is the {} available again',
    'when is the {} back in stock',
    'do you still sell the {}',
    'will there be more of the {} soon',
    'tell me when I can buy the {} again',
  ],
};

const openings = ['', 'hello, ', 'hi there, ', 'good morning, ', 'excuse me, ', 'quick question: '] as const;
const closings = [
  '',
  ' please',
  ', thank you',
  ', thanks in advance',
  ' as soon as possible',
  ', it is urgent',
] as const;

/** Every fourth combination of a phrase and a thing is kept for evaluation. */
const heldOutShare = 4;

/** Makes the dataset: equal seeds give equal rows. */
export function exampleDataset({
  rows,
  seed,
}: {
  readonly rows: number;
  readonly seed: number;
}): ExampleDataset {
  const random = generator(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const intents = Object.keys(phrases);
  const train: ExampleRow[] = [];
  const validation: ExampleRow[] = [];
  for (let row = 0; row < rows; row += 1) {
    const intent = intents[row % intents.length] ?? '';
    const choices = phrases[intent] ?? [];
    const phrase = Math.floor(random() * choices.length);
    const thing = Math.floor(random() * things.length);
    const text = (choices[phrase] ?? '').replace('{}', things[thing] ?? '');
    const split = (phrase * 3 + thing) % heldOutShare === 0 ? validation : train;
    split.push({ text: `${pick(openings)}${text}${pick(closings)}`, intent });
  }
  return { train, validation };
}

/** The rows as CSV (RFC 4180) with a header. */
export function toCsv(rows: readonly ExampleRow[]): string {
  const quote = (value: string): string =>
    /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  return ['text,intent', ...rows.map(({ text, intent }) => `${quote(text)},${quote(intent)}`), ''].join(
    '\r\n',
  );
}

/** Uniform numbers in [0, 1) from the splitmix32 sequence of a seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
