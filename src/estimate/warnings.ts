// What a user would want to know of an experiment before it starts, each under a code that stays the same.
import type { Estimate } from './estimate.ts';
import type { EstimateRequest } from './request.ts';

export const warningCodes = [
  'not_calibrated',
  'not_known_before_preparing',
  'sampled',
  'texts_cut',
  'does_not_fit',
  'few_rows_per_class',
  'few_evaluation_rows',
  'batch_larger_than_split',
  'no_evaluation_signal',
  'warmup_longer_than_training',
] as const;

export interface EstimateWarning {
  readonly code: (typeof warningCodes)[number];
  readonly message: string;
}

/** Below these a class is hardly learned, and a metric says little. */
const fewRowsOfClass = 8;
const fewEvaluationRows = 50;

type Said = readonly [EstimateWarning['code'], boolean, string];

function percent(share: number): string {
  return `${share < 0.01 ? 'Under 1' : Math.round(100 * share)} %`;
}

function ofTexts({ training, model, data }: EstimateRequest): Said[] {
  if (model === null || data === null) return [];
  const { train, evaluation } = data;
  return [
    [
      'sampled',
      train.isSampled || evaluation.isSampled,
      `Tokens and words in use are told from ${train.lengths.length} of ${train.rows} training rows.`,
    ],
    [
      'texts_cut',
      train.cutShare > 0,
      `${percent(train.cutShare)} of the training texts are longer than ${training.maxSequenceLength} tokens and are cut.`,
    ],
  ];
}

function ofRows({ training, data }: EstimateRequest): Said[] {
  if (data === null) return [];
  const { train, evaluation, fewestRowsOfClass } = data;
  const rowsAStep = training.batchSize * training.gradientAccumulation;
  return [
    [
      'few_rows_per_class',
      fewestRowsOfClass !== null && fewestRowsOfClass < fewRowsOfClass,
      `A label has ${fewestRowsOfClass ?? 0} training rows only: it will hardly be learned.`,
    ],
    [
      'few_evaluation_rows',
      evaluation.rows < fewEvaluationRows,
      `There are ${evaluation.rows} evaluation rows: their metrics say little.`,
    ],
    [
      'batch_larger_than_split',
      rowsAStep > train.rows,
      `A step would take ${rowsAStep} rows; the training split has ${train.rows}.`,
    ],
  ];
}

function ofSteps({ training }: EstimateRequest, steps: number | null): Said[] {
  if (steps === null) return [];
  const { earlyStopping, evaluateEverySteps, warmupSteps } = training;
  return [
    [
      'no_evaluation_signal',
      earlyStopping !== null && (evaluateEverySteps ?? 0) > steps,
      `Early stopping has nothing to go by: an evaluation comes after ${evaluateEverySteps ?? 0} steps, and there are ${steps}.`,
    ],
    [
      'warmup_longer_than_training',
      (warmupSteps ?? 0) >= steps,
      `The warmup takes ${warmupSteps ?? 0} steps of ${steps}: the learning rate never reaches its height.`,
    ],
  ];
}

/** The warnings that apply, in the order of {@link warningCodes}. */
export function estimateWarnings(
  request: EstimateRequest,
  { steps, stepSeconds, fits }: Pick<Estimate, 'steps' | 'stepSeconds' | 'fits'>,
): EstimateWarning[] {
  const isKnown = request.model !== null && request.data !== null;
  const said: Said[] = [
    [
      'not_calibrated',
      isKnown && stepSeconds === null,
      'No worker has trained anything yet: time, and whether memory suffices, are not known.',
    ],
    [
      'not_known_before_preparing',
      !isKnown,
      'The model or the dataset is on a hub: what they are like is known when the experiment is prepared.',
    ],
    ['does_not_fit', fits === false, 'The training worker seen last has less memory than this takes.'],
    ...ofTexts(request),
    ...ofRows(request),
    ...ofSteps(request, steps),
  ];
  return said
    .filter(([, applies]) => applies)
    .map(([code, , message]) => ({ code, message }))
    .sort((one, other) => warningCodes.indexOf(one.code) - warningCodes.indexOf(other.code));
}
