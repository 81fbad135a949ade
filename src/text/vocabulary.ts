// From a plain list of tokens to the tokenizer.json that says the same, so that everything after has one path.
import { CodedError } from '../error.ts';

/** The special tokens of a vocabulary that is learned here; each one's id is its place. */
export const specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

/** Letters that an uncased vocabulary cannot hold; it does hold capitals of scripts whose case BERT leaves alone. */
const hasUpperCase = /[A-Z]/;

/**
 * The tokenizer.json of a vocab.txt: one token a line, the id is the line's place.
 *
 * @param options.lowerCase whether the model is uncased; left out, it follows from the vocabulary, since an uncased one
 *   has no capital outside of its special tokens.
 * @throws CodedError `model_invalid` when a token is there twice or a special token is missing.
 */
export function tokenizerJsonFromVocabulary(
  vocabularyText: string,
  options: { lowerCase?: boolean } = {},
): object {
  const lines = vocabularyText.split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  const vocabulary = new Map<string, number>();
  for (const [id, token] of lines.entries()) {
    if (vocabulary.has(token))
      throw new CodedError('model_invalid', `vocab.txt names a token twice, in line ${id + 1}.`);
    vocabulary.set(token, id);
  }
  const missing = specialTokens.filter((token) => !vocabulary.has(token));
  if (missing.length > 0) throw new CodedError('model_invalid', `vocab.txt lacks ${missing.join(', ')}.`);
  const isCased = lines.some((token) => !/^\[.*\]$/.test(token) && hasUpperCase.test(token));
  return wordPieceTokenizerJson(vocabulary, options.lowerCase ?? !isCased);
}

/** A tokenizer.json (format 1.0 of Hugging Face tokenizers) of a BERT WordPiece vocabulary that holds the special tokens. */
export function wordPieceTokenizerJson(vocabulary: ReadonlyMap<string, number>, lowerCase: boolean): object {
  const idOf = (token: string): number => vocabulary.get(token) ?? 0;
  const special = (token: string, typeId: number) => ({ SpecialToken: { id: token, type_id: typeId } });
  const sequence = (name: string, typeId: number) => ({ Sequence: { id: name, type_id: typeId } });
  const single = [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content) => ({
      id: idOf(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: lowerCase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), special('[SEP]', 1)],
      special_tokens: Object.fromEntries(
        ['[CLS]', '[SEP]'].map((token) => [token, { id: token, ids: [idOf(token)], tokens: [token] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary),
    },
  };
}
