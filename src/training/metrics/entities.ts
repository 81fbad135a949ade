// Entities that token labels of the IOB2 scheme spell (B-, I-, O), and how many of them are found.
import { classMetrics, pooled, type ClassCounts, type ClassMetrics } from './class-report.ts';

export interface EntityMetrics {
  /** Of all types together. */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Entities among the labels. */
  readonly support: number;
  /** In the order of their names. */
  readonly perType: readonly (ClassMetrics & { readonly type: string })[];
}

/** Labels and predictions of one example's counted tokens, by name. */
export interface TaggedExample {
  readonly labels: readonly string[];
  readonly predicted: readonly string[];
}

const outside = 'O';
const prefixLength = 2;

/** Whether all names are `O`, `B-…` or `I-…`, and at least one is not `O`. */
export function isIob2(labelNames: readonly string[]): boolean {
  const tagged = labelNames.filter((name) => name !== outside);
  return tagged.length > 0 && tagged.every((name) => /^[BI]-./u.test(name));
}

/**
 * The entities of one example as `start:end:type`. An `I-` that continues nothing begins an entity, as conlleval and
 * seqeval's default have it.
 */
function entitiesOf(tags: readonly string[]): Set<string> {
  const entities = new Set<string>();
  let start = 0;
  tags.forEach((tag, place) => {
    if (tag === outside) return;
    const type = tag.slice(prefixLength);
    const previous = place === 0 ? outside : (tags[place - 1] ?? outside);
    const begins = tag.startsWith('B-') || previous === outside || previous.slice(prefixLength) !== type;
    if (begins) start = place;
    const ends = tags[place + 1] !== `I-${type}`;
    if (ends) entities.add(`${start}:${place}:${type}`);
  });
  return entities;
}

function typeOf(entity: string): string {
  return entity.split(':').slice(2).join(':');
}

/** Precision, recall and F1 of whole entities: start, end and type must all be right (seqeval's default mode). */
export function entityMetrics(examples: Iterable<TaggedExample>): EntityMetrics {
  const counts = new Map<string, { hits: number; predicted: number; support: number }>();
  const countOf = (entity: string): { hits: number; predicted: number; support: number } => {
    const type = typeOf(entity);
    const known = counts.get(type) ?? { hits: 0, predicted: 0, support: 0 };
    counts.set(type, known);
    return known;
  };
  for (const { labels, predicted } of examples) {
    const truth = entitiesOf(labels);
    for (const entity of truth) countOf(entity).support += 1;
    for (const entity of entitiesOf(predicted)) {
      const count = countOf(entity);
      count.predicted += 1;
      if (truth.has(entity)) count.hits += 1;
    }
  }
  const byType: [string, ClassCounts][] = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...classMetrics(pooled(byType.map(([, each]) => each))),
    perType: byType.map(([type, each]) => ({ type, ...classMetrics(each) })),
  };
}
