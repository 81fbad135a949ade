// What an uploaded file is by its names, before a byte of it is read.
import { extname } from 'node:path/posix';
import { CodedError } from '../error.ts';
import { splitNamePattern } from '../experiment/submission.ts';
import { splitFormats, type SplitFormat } from './rows.ts';

const splitName = new RegExp(splitNamePattern, 'u');

/** @throws CodedError `invalid_request` for a name that no split can have. */
export function checkSplitName(name: string): string {
  if (splitName.test(name)) return name;
  throw new CodedError('invalid_request', 'A split is not named as one.', {
    problems: [
      {
        path: `/${name.slice(0, 64)}`,
        message: 'A letter, then letters, digits, _ or -, at most 64 characters.',
      },
    ],
  });
}

/** The format that a file's extension names. @throws CodedError `unsupported_media_type`. */
export function formatOf(fileName: string): SplitFormat {
  const extension = extname(fileName).slice(1).toLowerCase();
  const format = splitFormats.find((known) => known === extension);
  if (format !== undefined) return format;
  const extensions = splitFormats.map((known) => `.${known}`).join(', ');
  throw new CodedError('unsupported_media_type', `The file name must end in one of ${extensions}.`);
}
