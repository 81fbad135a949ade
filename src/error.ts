// The one list of coded errors. Each says what happened; `remedy` says what the reader can do about it.

interface ErrorDefinition {
  /** HTTP status (RFC 9110) when the error answers a request. */
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
  /** Whose fault: a fault of the user is final, a fault of the machine is tried again. */
  readonly fault: 'user' | 'machine';
}

export const errorDefinitions = {
  invalid_request: {
    status: 400,
    title: 'The request is malformed',
    remedy: 'Correct what is named, and send it again.',
    fault: 'user',
  },
  forbidden_host: {
    status: 403,
    title: 'The Host header does not name this service',
    remedy: 'Without access control the service answers on loopback names only: use 127.0.0.1 or localhost.',
    fault: 'user',
  },
  forbidden_origin: {
    status: 403,
    title: 'The request comes from a page of another site',
    remedy: 'Send the request from the service’s own pages or from a program that sets no Origin.',
    fault: 'user',
  },
  not_found: {
    status: 404,
    title: 'There is no such thing',
    remedy: 'Check the id and the path; the lists show what exists.',
    fault: 'user',
  },
  transition_not_allowed: {
    status: 409,
    title: 'The experiment’s state does not allow this',
    remedy: 'Read the experiment’s state; an experiment that has ended cannot be changed.',
    fault: 'user',
  },
  in_use: {
    status: 409,
    title: 'An experiment that has not ended needs it',
    remedy: 'Wait for the end of the experiment named, or cancel it.',
    fault: 'user',
  },
  not_exported: {
    status: 409,
    title: 'There is no file of this format',
    remedy:
      'The ONNX file is made when the result is evaluated; the Hugging Face format is there for every checkpoint.',
    fault: 'user',
  },
  no_checkpoint: {
    status: 409,
    title: 'There is no checkpoint to take a model from',
    remedy:
      'Name a step that GET /experiments/{id}/checkpoints lists. An experiment that has not ended makes its first checkpoint in time; one that ended without any can be submitted anew.',
    fault: 'user',
  },
  too_many_verifications: {
    status: 409,
    title: 'Too many verifications of the experiment are not decided',
    remedy: 'Wait until one of them is decided; the list of verifications has them.',
    fault: 'user',
  },
  step_not_trained: {
    status: 422,
    title: 'The steps were not trained',
    remedy: 'Name steps that the ledger of the experiment has.',
    fault: 'user',
  },
  fork_not_possible: {
    status: 422,
    title: 'The experiment cannot be forked so',
    remedy:
      'Fork from a step that was trained, and change nothing that decides the order of the rows or the shape of a parameter; submit a new experiment for such changes.',
    fault: 'user',
  },
  not_ready: {
    status: 409,
    title: 'That result does not exist yet',
    remedy:
      'An experiment that has not ended can be waited for with Prefer: wait; one that ended before never has it, and can be submitted anew.',
    fault: 'user',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is over its limit',
    remedy: 'Send less, or raise the limit where the operator can.',
    fault: 'user',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The media type is not taken here',
    remedy: 'Send what the API document names for this path.',
    fault: 'user',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The range lies outside the object',
    remedy: 'Ask for a range within the size of the object.',
    fault: 'user',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The idempotency key was used with another body',
    remedy: 'Use a new key for a new request.',
    fault: 'user',
  },
  not_supported: {
    status: 422,
    title: 'The service cannot do this yet',
    remedy: 'The API document says what is supported.',
    fault: 'user',
  },
  does_not_fit: {
    status: 422,
    title: 'Training needs more memory than a worker has',
    remedy:
      'Use a smaller model, batchSize or maxSequenceLength, adapters (lora), or a worker with more memory.',
    fault: 'user',
  },
  dataset_invalid: {
    status: 422,
    title: 'The file is not a valid dataset',
    remedy: 'Correct the lines listed and upload again.',
    fault: 'user',
  },
  dataset_split_missing: {
    status: 422,
    title: 'The dataset has no such split',
    remedy: 'Name a split that the dataset has, or set evaluationFraction.',
    fault: 'user',
  },
  dataset_column_missing: {
    status: 422,
    title: 'The dataset has no such column',
    remedy: 'Name a column that every split used has.',
    fault: 'user',
  },
  dataset_split_empty: {
    status: 422,
    title: 'A split has no usable row',
    remedy:
      'Give the split rows whose text and label are not empty, and with evaluationFraction more different texts.',
    fault: 'user',
  },
  labels_invalid: {
    status: 422,
    title: 'The labels cannot be used for this task',
    remedy:
      'Correct those rows, choose the task that the labels are of, or set evaluationFraction instead of an evaluation split.',
    fault: 'user',
  },
  model_invalid: {
    status: 422,
    title: 'The files are not a valid model',
    remedy: 'Upload config.json, tokenizer.json or vocab.txt, and model.safetensors of one BERT model.',
    fault: 'user',
  },
  model_incompatible: {
    status: 422,
    title: 'The model’s tensors do not fit its configuration',
    remedy: 'Upload a BERT checkpoint whose tensors match its config.json.',
    fault: 'user',
  },
  hub_not_found: {
    status: 422,
    title: 'The hub has no such repository, revision or file',
    remedy: 'Check the name and the revision; for what is private, the operator sets HUB_TOKEN.',
    fault: 'user',
  },
  sequence_too_long: {
    status: 422,
    title: 'maxSequenceLength is over what the model’s positions allow',
    remedy: 'Lower training.maxSequenceLength.',
    fault: 'user',
  },
  training_diverged: {
    status: 422,
    title: 'The loss is no longer a finite number',
    remedy: 'Lower the learning rate or clip gradients.',
    fault: 'user',
  },
  divergence: {
    status: 500,
    title: 'A repeated step did not give the same bits',
    remedy: 'Check the machine’s memory; if it is sound, report this with the experiment’s ledger.',
    fault: 'user',
  },
  no_progress: {
    status: 500,
    title: 'Too many attempts in a row ended without a new checkpoint',
    remedy: 'Look at the attempts’ causes; give the workers more memory or save checkpoints more often.',
    fault: 'user',
  },
  duration_exceeded: {
    status: 500,
    title: 'The experiment took longer than its limits allow',
    remedy: 'Fork it from its last checkpoint, or submit it with a greater limits.durationSeconds.',
    fault: 'user',
  },
  workflow_terminated: {
    status: 500,
    title: 'The experiment’s workflow was ended from outside',
    remedy: 'Its checkpoints are kept: fork the experiment from one of its steps, or submit it anew.',
    fault: 'user',
  },
  row_behind: {
    status: 409,
    title: 'The database lacks what the experiment had recorded',
    remedy:
      'Nothing: the database was restored, and the next comparison with Temporal starts the experiment again.',
    fault: 'machine',
  },
  lease_lost: {
    status: 409,
    title: 'Another attempt has taken over',
    remedy: 'Nothing: the newer attempt goes on.',
    fault: 'machine',
  },
  blob_missing: {
    status: 500,
    title: 'A stored object is missing',
    remedy: 'Check that STORAGE_URL is the same for every part, and restore the object store if it is.',
    fault: 'machine',
  },
  blob_corrupt: {
    status: 500,
    title: 'A stored object does not match its hash',
    remedy: 'Restore the object store, or resume from an earlier checkpoint.',
    fault: 'machine',
  },
  engine_failed: {
    status: 500,
    title: 'The training engine stopped unexpectedly',
    remedy: 'Look at the worker’s log; the attempt is tried again.',
    fault: 'machine',
  },
  out_of_memory: {
    status: 500,
    title: 'The worker ran out of memory',
    remedy: 'Use a smaller model, batchSize or maxSequenceLength, or a worker with more memory.',
    fault: 'machine',
  },
  data_directory_in_use: {
    status: 500,
    title: 'DATA_DIR is used by another running stack',
    remedy: 'Stop the other one, or set another DATA_DIR.',
    fault: 'user',
  },
  configuration_invalid: {
    status: 500,
    title: 'The configuration is not valid',
    remedy: 'Correct the variable that is named.',
    fault: 'user',
  },
  dependency_missing: {
    status: 500,
    title: 'A program that is needed cannot be found',
    remedy: 'Install what is named.',
    fault: 'user',
  },
  database_unavailable: {
    status: 503,
    title: 'The database cannot be reached',
    remedy: 'Try again after the seconds in Retry-After.',
    fault: 'machine',
  },
  storage_unavailable: {
    status: 503,
    title: 'The object store cannot be reached',
    remedy: 'Try again after the seconds in Retry-After.',
    fault: 'machine',
  },
  too_many_uploads: {
    status: 503,
    title: 'Too many uploads at once',
    remedy: 'Try again after the seconds in Retry-After.',
    fault: 'machine',
  },
  hub_unavailable: {
    status: 503,
    title: 'The hub cannot be reached or does not answer as it should',
    remedy: 'Try again later, or upload the files.',
    fault: 'machine',
  },
  temporal_unavailable: {
    status: 503,
    title: 'Temporal cannot be reached',
    remedy: 'Try again after the seconds in Retry-After. Submissions are accepted meanwhile.',
    fault: 'machine',
  },
  prediction_unavailable: {
    status: 503,
    title: 'The predictions were not made in time',
    remedy:
      'Try again after the seconds in Retry-After, with fewer texts if need be; GET /queues shows whether evaluation workers are there.',
    fault: 'machine',
  },
  audit_unavailable: {
    status: 503,
    title: 'The audit was not made in time',
    remedy:
      'Try again after the seconds in Retry-After; GET /queues shows whether coordinator workers are there, and GET /readyz whether one refuses.',
    fault: 'machine',
  },
  internal: {
    status: 500,
    title: 'Something went wrong on the server',
    remedy: 'Report the requestId to the operator.',
    fault: 'machine',
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof errorDefinitions;

/** One wrong field of a request: where it is (JSON pointer, RFC 6901) and what was expected. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/** An error with a code from the list above. `message` is safe to show to a user. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: ErrorCode;
  readonly problems: readonly FieldProblem[];

  constructor(
    code: ErrorCode,
    detail: string,
    options: { problems?: readonly FieldProblem[]; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.problems = options.problems ?? [];
  }
}

/** Whether an error must not be tried again: trying would give the same. */
export function isUserFault(error: unknown): error is CodedError {
  return error instanceof CodedError && errorDefinitions[error.code].fault === 'user';
}

/** How the JavaScript engine, the C++ library and onnxruntime say that memory cannot be had. */
const allocationFailures =
  /array buffer allocation failed|bad_alloc|failed to allocate memory|out of memory/i;

/** Whether an error, coded or not, says that memory could not be had: at once, or in what caused it. */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return allocationFailures.test(error.message) || isOutOfMemory(error.cause);
}

/** The error itself, or `out_of_memory` with it as cause where it is an uncoded failure to allocate. */
export function codedIfOutOfMemory(error: unknown): unknown {
  if (error instanceof CodedError || !isOutOfMemory(error)) return error;
  return new CodedError('out_of_memory', 'Memory for the work could not be allocated.', { cause: error });
}
