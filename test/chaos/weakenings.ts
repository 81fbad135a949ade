// What can be switched off in the built product, to see that a campaign notices. The product has no such switches: these
// replace a piece of its code while Node loads it.

export interface Weakening {
  readonly name: string;
  /** How it is shown: each disturbs an experiment in a way that needs what is switched off. */
  readonly shownBy: 'kills' | 'standstill' | 'flippedBit';
  /** Of the built file, from `dist/` on. */
  readonly file: string;
  readonly code: string;
  readonly replacement: string;
}

const restoring = 'workers/preparation/last-intact-checkpoint.js';
const preparing = 'workers/preparation/prepare-training.js';
const emptied = '.map((tensor) => ({ ...tensor, data: new Float32Array(tensor.data.length) }))';

export const weakenings: readonly Weakening[] = [
  {
    name: 'fencing',
    shownBy: 'standstill',
    file: 'src/database/experiment-lock.js',
    code: 'if (locked.lease !== lease)',
    replacement: 'if (false)',
  },
  {
    name: 'ledger check',
    shownBy: 'flippedBit',
    file: 'src/database/ledger-repository.js',
    code: 'const field = again && differingField(earlier, again);\n        if (field)',
    replacement: 'const field = undefined;\n        if (field)',
  },
  {
    name: 'pinning of threads',
    shownBy: 'standstill',
    file: preparing,
    code: 'first?.threads ?? config.trainingThreads',
    replacement: 'config.trainingThreads',
  },
  ...['parameters: weights', 'firstMoments: first', 'secondMoments: second'].map((part): Weakening => ({
    name: `checkpoint: ${part.split(':')[0]}`,
    shownBy: 'kills',
    file: restoring,
    code: part,
    replacement: `${part}${emptied}`,
  })),
  {
    name: 'checkpoint: words that are not in use',
    shownBy: 'kills',
    file: restoring,
    code: ', unusedWords, evaluations }',
    replacement: ', unusedWords: { scale: 1, momentum: 0 }, evaluations }',
  },
  {
    name: 'checkpoint: evaluations',
    shownBy: 'kills',
    file: restoring,
    code: ', evaluations }',
    replacement: ', evaluations: null }',
  },
  {
    name: 'checkpoint: step',
    shownBy: 'kills',
    file: restoring,
    code: 'return { step, parameters',
    replacement: 'return { step: step - 1, parameters',
  },
  {
    name: 'checkpoint: hash of the ledger',
    shownBy: 'kills',
    file: preparing,
    code: 'ledger: resumed?.manifest.ledger ?? { steps: 0, sha256: emptyLedgerHash }',
    replacement: 'ledger: { steps: resumed?.manifest.ledger.steps ?? 0, sha256: emptyLedgerHash }',
  },
];
