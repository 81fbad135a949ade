// How the parameters lie in a graph: query, key and value of a layer in one, the table of words in blocks.
import type { BertConfig } from '../job.ts';
import { architectures, type LayerNames } from './architecture.ts';
import { wordTable, type ParameterSpecification } from './parameters.ts';

/** A tensor of the graph with what it is made of. */
export interface Leaf {
  readonly name: string;
  readonly shape: readonly number[];
  /** Named tensors that lie in it one after another, whole or from the element `from` on. */
  readonly parts: readonly { readonly name: string; readonly from: number; readonly elements: number }[];
  readonly depth: number;
}

/** Elements of a block of the table of words: a chain of passes over so many stays in the cache of a core. */
const blockElements = 500_000;

/** The dense module that query, key and value are together. */
export function fusedName({ query }: Pick<LayerNames, 'query'>): string {
  return `${query}_key_value`;
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function whole({ name, shape, depth }: ParameterSpecification): Leaf {
  return { name, shape, parts: [{ name, from: 0, elements: elements(shape) }], depth };
}

function fused(name: string, members: readonly ParameterSpecification[]): Leaf {
  const [first] = members;
  if (first === undefined) throw new Error(`${name} has no members.`);
  return {
    name,
    shape: [members.reduce((rows, { shape }) => rows + (shape[0] ?? 0), 0), ...first.shape.slice(1)],
    parts: members.flatMap((member) => whole(member).parts),
    depth: first.depth,
  };
}

function blocks({ name, shape, depth }: ParameterSpecification): Leaf[] {
  const [rows = 0, width = 1] = shape;
  const count = Math.ceil((rows * width) / blockElements);
  return Array.from({ length: count }, (_, index) => {
    const first = Math.floor((rows * index) / count);
    const size = Math.floor((rows * (index + 1)) / count) - first;
    const parts = [{ name, from: first * width, elements: size * width }];
    return { name: `${name}.block_${index}`, shape: [size, width], parts, depth };
  });
}

/** Whether a leaf is a block of the table of words. */
export function isWordBlock(config: BertConfig, leaf: Leaf): boolean {
  return leaf.parts[0]?.name === wordTable(config);
}

/** The leaves of a model, in the order of its parameters. */
export function leavesOf(config: BertConfig, specifications: readonly ParameterSpecification[]): Leaf[] {
  const architecture = architectures[config.family];
  const byName = new Map(specifications.map((specification) => [specification.name, specification]));
  const fusedAt = new Map<string, Leaf>();
  const inFused = new Set<string>();
  for (let index = 0; index < config.layers; index++) {
    const names = architecture.layer(index);
    for (const kind of ['weight', 'bias']) {
      const members = [names.query, names.key, names.value].map((module) => byName.get(`${module}.${kind}`));
      const known = members.filter((member) => member !== undefined);
      if (known.length === 0) continue;
      fusedAt.set(`${names.query}.${kind}`, fused(`${fusedName(names)}.${kind}`, known));
      for (const { name } of known) inFused.add(name);
    }
  }
  return specifications.flatMap((specification) => {
    const leaf = fusedAt.get(specification.name);
    if (leaf !== undefined) return [leaf];
    if (inFused.has(specification.name)) return [];
    return specification.name === wordTable(config) ? blocks(specification) : [whole(specification)];
  });
}
