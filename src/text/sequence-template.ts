// Where special tokens go around one text and around two, as the post-processor of a tokenizer.json says.
import { describe, invalid, isId, typeOf, unsupported } from './tokenizer-fields.ts';
import { isJsonObject, type JsonObject } from '../json/json-object.ts';

/** A special token, or the place of a text. */
type TemplatePart =
  | { readonly kind: 'special'; readonly ids: readonly number[]; readonly typeId: number }
  | { readonly kind: 'text'; readonly text: 'A' | 'B'; readonly typeId: number };

export type SequenceTemplate = readonly TemplatePart[];

export interface SequenceTemplates {
  /** For one text: a special token, the text, a special token. */
  readonly single: SequenceTemplate;
  /** For two texts, with special tokens before, between and after. */
  readonly pair: SequenceTemplate;
  /** The first of all. */
  readonly classificationId: number;
  /** The last of all. */
  readonly separatorId: number;
}

/** The number of special tokens in a template. */
export function specialCount(template: SequenceTemplate): number {
  return template.reduce((count, part) => count + (part.kind === 'special' ? part.ids.length : 0), 0);
}

/**
 * Reads a post-processor: of BERT, of RoBERTa, or a template of the same form and with the same types of tokens.
 *
 * @throws CodedError `model_invalid`, `not_supported`.
 */
export function readTemplates(value: unknown): SequenceTemplates {
  const type = typeOf(value);
  if (!isJsonObject(value)) throw unsupported(`a post-processor of type ${describe(type)}`);
  switch (type) {
    case 'BertProcessing': {
      const [first, last] = [pairedId(value['cls']), pairedId(value['sep'])];
      const single = [special(first, 0), text('A', 0), special(last, 0)];
      return checked(single, [...single, text('B', 1), special(last, 1)]);
    }
    case 'RobertaProcessing': {
      const [first, last] = [pairedId(value['cls']), pairedId(value['sep'])];
      const single = [special(first, 0), text('A', 0), special(last, 0)];
      return checked(single, [...single, special(last, 0), text('B', 0), special(last, 0)]);
    }
    case 'TemplateProcessing': {
      const tokens = isJsonObject(value['special_tokens']) ? value['special_tokens'] : {};
      return checked(readTemplate(value['single'], tokens), readTemplate(value['pair'], tokens));
    }
    default:
      throw unsupported(`a post-processor of type ${describe(type)}`);
  }
}

function special(ids: readonly number[], typeId: number): TemplatePart {
  return { kind: 'special', ids, typeId };
}

function text(name: 'A' | 'B', typeId: number): TemplatePart {
  return { kind: 'text', text: name, typeId };
}

/** A token with its id, as in `["[SEP]", 102]`. */
function pairedId(value: unknown): readonly number[] {
  const id: unknown = Array.isArray(value) ? value[1] : undefined;
  if (!isId(id)) throw invalid('its post-processor lacks the id of a special token');
  return [id];
}

function readTemplate(value: unknown, tokens: JsonObject): SequenceTemplate {
  if (!Array.isArray(value)) throw unsupported('a post-processor without its templates');
  return value.map((part: unknown) => {
    const [token, sequence] = isJsonObject(part) ? [part['SpecialToken'], part['Sequence']] : [];
    const piece = token ?? sequence;
    const typeId = isJsonObject(piece) ? piece['type_id'] : undefined;
    const name = isJsonObject(piece) ? piece['id'] : undefined;
    if (typeof name !== 'string' || !isId(typeId)) throw invalid('a part of a template has no name or type');
    if (token === undefined && (name === 'A' || name === 'B')) return text(name, typeId);
    const entry = token === undefined || !Object.hasOwn(tokens, name) ? undefined : tokens[name];
    const ids = isJsonObject(entry) ? entry['ids'] : undefined;
    if (!Array.isArray(ids) || ids.length === 0 || !ids.every(isId)) {
      throw invalid(`its templates name ${describe(name)}, which has no ids`);
    }
    return special(ids, typeId);
  });
}

/** The forms that are followed, with `+` for a special token. */
const forms = { single: /^\+A\+$/, pair: /^\+A\++B\+$/ } as const;

function checked(single: SequenceTemplate, pair: SequenceTemplate): SequenceTemplates {
  for (const [name, template] of Object.entries({ single, pair }) as [
    keyof typeof forms,
    SequenceTemplate,
  ][]) {
    const form = template.map((part) => (part.kind === 'special' ? '+' : part.text)).join('');
    if (!forms[name].test(form)) throw unsupported(`the template ${describe(form)}`);
    refuseStrangeTypes(name, template);
  }
  return {
    single,
    pair,
    classificationId: firstSpecial(single),
    separatorId: firstSpecial(single.toReversed()),
  };
}

/**
 * The models compute with type 0 up to some token and with type 1 from there on, as BERT does for its second text; other
 * types would be ignored.
 */
function refuseStrangeTypes(name: keyof typeof forms, template: SequenceTemplate): void {
  const firstText = template.findIndex((part) => part.kind === 'text');
  let least = 0;
  for (const [place, { typeId }] of template.entries()) {
    const most = name === 'single' || place <= firstText ? 0 : 1;
    if (typeId < least || typeId > most)
      throw unsupported(`the token type ${typeId} in part ${place + 1} of its template "${name}"`);
    least = typeId;
  }
}

function firstSpecial(template: SequenceTemplate): number {
  const [part] = template;
  const id = part?.kind === 'special' ? part.ids[0] : undefined;
  if (id === undefined) throw unsupported('a template that does not begin and end with a special token');
  return id;
}
