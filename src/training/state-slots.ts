// How the trained tensors lie in the state of a session: each large leaf is a slot, all vectors of a group share one.
import type { Leaf } from './bert/leaves.ts';
import type { NamedTensor } from './job.ts';

/** A part of a named tensor that lies in a slot. */
interface Piece {
  readonly tensor: string;
  readonly tensorFrom: number;
  readonly slotFrom: number;
  readonly elements: number;
}

export interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  /** The leaves in it, one after another; several only where all are vectors. */
  readonly leaves: readonly Leaf[];
  readonly pieces: readonly Piece[];
  /** Whether weight decay applies: not to biases nor to anything of a LayerNorm, which are all vectors. */
  readonly decays: boolean;
  /** Slots of a group have one learning rate. */
  readonly group: number;
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function isVector({ shape }: Leaf): boolean {
  return shape.length === 1;
}

function slotOf(name: string, leaves: readonly Leaf[], group: number): Slot {
  const [first] = leaves;
  if (first === undefined) throw new Error(`${name} would be empty.`);
  let slotFrom = 0;
  const pieces = leaves.flatMap(({ parts }) =>
    parts.map(({ name: tensor, from, elements }) => {
      const piece = { tensor, tensorFrom: from, slotFrom, elements };
      slotFrom += elements;
      return piece;
    }),
  );
  const shape = leaves.length === 1 ? first.shape : [slotFrom];
  return { name, shape, leaves, pieces, decays: !isVector(first), group };
}

/**
 * Lays leaves out in slots. One slot for many vectors spares thousands of tiny operations a step.
 * @param groupOf of the depth of a leaf.
 */
export function planSlots(leaves: readonly Leaf[], groupOf: (depth: number) => number): Slot[] {
  const large = leaves
    .filter((leaf) => !isVector(leaf))
    .map((leaf) => slotOf(leaf.name, [leaf], groupOf(leaf.depth)));
  const vectors = leaves.filter(isVector);
  const groups = [...new Set(vectors.map(({ depth }) => groupOf(depth)))];
  const shared = groups.map((group) =>
    slotOf(
      `vectors_${group}`,
      vectors.filter(({ depth }) => groupOf(depth) === group),
      group,
    ),
  );
  return [...large, ...shared];
}

/** The data of a slot out of named tensors: their own memory where one tensor is the whole slot. */
export function gatherSlot(slot: Slot, tensors: ReadonlyMap<string, NamedTensor>): Float32Array {
  const dataOf = ({ tensor, tensorFrom, elements }: Piece): Float32Array => {
    const data = tensors.get(tensor)?.data.subarray(tensorFrom, tensorFrom + elements);
    if (data?.length !== elements) throw new Error(`The state lacks ${tensor}, or it is too short.`);
    return data;
  };
  const [only, ...others] = slot.pieces;
  if (only !== undefined && others.length === 0) return dataOf(only);
  const whole = new Float32Array(size(slot.shape));
  for (const piece of slot.pieces) whole.set(dataOf(piece), piece.slotFrom);
  return whole;
}

/**
 * Named tensors out of the data of slots: views of it where a tensor lies in one slot, copies where it lies in several.
 * @param shapes of the tensors wanted, by name.
 */
export function namedTensors(
  slots: readonly { readonly slot: Slot; readonly data: Float32Array }[],
  shapes: ReadonlyMap<string, readonly number[]>,
): NamedTensor[] {
  const found = new Map<string, { readonly piece: Piece; readonly data: Float32Array }[]>();
  for (const { slot, data } of slots)
    for (const piece of slot.pieces) {
      const part = { piece, data: data.subarray(piece.slotFrom, piece.slotFrom + piece.elements) };
      found.set(piece.tensor, [...(found.get(piece.tensor) ?? []), part]);
    }
  return [...shapes].map(([name, shape]) => {
    const parts = found.get(name) ?? [];
    const [only, ...others] = parts;
    if (only === undefined) throw new Error(`No slot holds ${name}.`);
    if (others.length === 0) return { name, shape, data: only.data };
    const data = new Float32Array(size(shape));
    for (const { piece, data: part } of parts) data.set(part, piece.tensorFrom);
    return { name, shape, data };
  });
}
