// Low-rank adapters (Hu et al., arXiv 2106.09685) on every projection of the encoder's layers: W stays, B A is learned.
import type { GraphBuilder } from '../graph/builder.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { BertConfig, Recipe } from '../job.ts';
import { architectures } from './architecture.ts';
import type { Dropout } from './forward.ts';
import { fusedName } from './leaves.ts';
import type { ParameterSpecification } from './parameters.ts';

type Lora = NonNullable<Recipe['lora']>;

/** A projection with an adapter. */
interface Projection {
  readonly name: string;
  readonly outputs: number;
  readonly inputs: number;
  readonly depth: number;
}

/** The names of an adapter's two matrices: A is [rank, inputs], B [outputs, rank]. */
function adapterNames(projection: string): { readonly a: string; readonly b: string } {
  return { a: `${projection}.lora_A.weight`, b: `${projection}.lora_B.weight` };
}

/** Every projection that has an adapter: query, key, value and output of the attention, both of the feed-forward part. */
function projections(config: BertConfig): Projection[] {
  const { hiddenSize, intermediateSize, layers } = config;
  return Array.from({ length: layers }, (_, index) => {
    const names = architectures[config.family].layer(index);
    const square = [names.query, names.key, names.value, names.attentionOutput];
    const depth = index + 1;
    return [
      ...square.map((name) => ({ name, outputs: hiddenSize, inputs: hiddenSize, depth })),
      { name: names.wide, outputs: intermediateSize, inputs: hiddenSize, depth },
      { name: names.narrow, outputs: hiddenSize, inputs: intermediateSize, depth },
    ];
  }).flat();
}

/** A starts at random and B at 0, so that the model starts as it was. */
export function adapterSpecifications(config: BertConfig, rank: number): ParameterSpecification[] {
  return projections(config).flatMap(({ name, outputs, inputs, depth }) => {
    const { a, b } = adapterNames(name);
    return [
      { name: a, shape: [rank, inputs], start: 'uniform' as const, depth },
      { name: b, shape: [outputs, rank], start: 'zeros' as const, depth },
    ];
  });
}

/** What an adapter adds to the output of the projection `name`: alpha / rank * dropout(x) Aᵀ Bᵀ. */
export function createAdapter(
  build: GraphBuilder,
  config: BertConfig,
  parameter: (name: string) => Tensor,
  lora: Lora,
  dropoutOf: (probability: number) => Dropout,
): (name: string, x: Tensor) => Tensor | null {
  const known = new Set(projections(config).map(({ name }) => name));
  const fused = new Map(
    Array.from({ length: config.layers }, (_, index) => {
      const names = architectures[config.family].layer(index);
      return [fusedName(names), [names.query, names.key, names.value]] as const;
    }),
  );
  const drop = dropoutOf(lora.dropout);
  const one = (name: string, x: Tensor): Tensor => {
    const { a, b } = adapterNames(name);
    const inner = build.matmul(x, parameter(a), { transposeB: true, alpha: lora.alpha / lora.rank });
    return build.matmul(inner, parameter(b), { transposeB: true });
  };
  return (name, x) => {
    const members = fused.get(name);
    if (members !== undefined) {
      const dropped = drop(x);
      return build.one(
        'concatenate',
        members.map((member) => one(member, dropped)),
        { axis: 1 },
      );
    }
    return known.has(name) ? one(name, drop(x)) : null;
  };
}
