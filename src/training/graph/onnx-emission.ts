// Turns a graph into its ONNX form, node by node, by the emission rules; and wraps a step into a loop over steps.
import type { OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from './onnx-schema.ts';
import type { OperatorKind } from './operators.ts';
import type { Emitter, Rule } from './rule.ts';
import { operatorRules } from './rules.ts';
import type { Graph, NodeOf, Tensor } from './tensor.ts';

function asValue({ name, type, shape }: Tensor): OnnxValue {
  return { name, type, shape };
}

function emitNode<Kind extends OperatorKind>(rule: Rule<Kind>, node: NodeOf<Kind>, emitter: Emitter): void {
  rule.emit(node, emitter);
}

/**
 * The ONNX form of a graph, its inputs and outputs in the order given.
 * @param name also before every name that the emission makes up, so that a graph within another has its own.
 */
export function emitGraph(name: string, graph: Graph): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const knownIntegers = new Map<string, string>();
  let count = 0;
  const emitter: Emitter = {
    node: (node) => void nodes.push(node),
    initializer: (tensor) => void initializers.push(tensor),
    integers: (values) => {
      const key = values.join(',');
      const known = knownIntegers.get(key);
      if (known !== undefined) return known;
      const fresh = emitter.fresh('integers');
      initializers.push({ name: fresh, type: 'int64', shape: [values.length], values });
      knownIntegers.set(key, fresh);
      return fresh;
    },
    fresh: (hint) => `${name}_${hint}__${count++}`,
  };
  // Rule and node are of one kind by construction; the compiler cannot follow that through a union.
  for (const node of graph.nodes) emitNode(operatorRules[node.kind] as Rule<OperatorKind>, node, emitter);
  return {
    name,
    nodes,
    initializers,
    inputs: graph.inputs.map(asValue),
    outputs: graph.outputs.map(asValue),
  };
}

/** What a loop carries and collects. The body sees every other input of its graph from outside. */
export interface LoopPlan {
  /** Number of the iteration, an int64 scalar that the body declares as an input. */
  readonly iteration: Tensor;
  /** State before and after one iteration, and the name of the model's output. `stateInput` names its input. */
  readonly carried: readonly { readonly before: Tensor; readonly after: Tensor; readonly result: string }[];
  /** Values of each iteration, stacked along a new first axis. */
  readonly collected: readonly { readonly value: Tensor; readonly result: string }[];
}

/** The name of the model's input that holds a state before the first iteration. */
export function stateInput(before: Tensor): string {
  return `${before.name}_given`;
}

/**
 * An output of the model of a loop that is no tensor but an empty sequence, ahead of all others. The binding cannot hand it
 * over, which `OpenSession.fill` makes use of.
 */
export const sequenceOutput = 'no_tensor';

/** What the model of a loop takes besides its state and data: the number of iterations, an int64 scalar. */
export const iterationCountInput = 'iteration_count';

/**
 * A model that runs the body `iteration_count` times (ONNX Loop), so that the state stays inside for all of them.
 * Its inputs are the count, the state, and the body's other inputs; its outputs `sequenceOutput`, the last state and what
 * was collected.
 */
export function emitLoop(name: string, body: Graph, plan: LoopPlan): OnnxGraph {
  const scalarOf = (scalarName: string, type: 'int64' | 'bool'): OnnxValue => ({
    name: scalarName,
    type,
    shape: [],
  });
  const states = new Set(plan.carried.map(({ before }) => before.name));
  const outside = body.inputs.filter(
    (input) => input.name !== plan.iteration.name && !states.has(input.name),
  );
  const inner = emitGraph(`${name}_body`, body);
  const loopBody: OnnxGraph = {
    ...inner,
    nodes: [{ operator: 'Identity', inputs: ['go_on'], outputs: ['go_on_after'] }, ...inner.nodes],
    inputs: [
      asValue(plan.iteration),
      scalarOf('go_on', 'bool'),
      ...plan.carried.map(({ before }) => asValue(before)),
    ],
    outputs: [
      scalarOf('go_on_after', 'bool'),
      ...plan.carried.map(({ after }) => asValue(after)),
      ...plan.collected.map(({ value }) => asValue(value)),
    ],
  };
  return {
    name,
    initializers: [],
    nodes: [
      { operator: 'SequenceEmpty', inputs: [], outputs: [sequenceOutput] },
      {
        operator: 'Loop',
        inputs: [iterationCountInput, '', ...plan.carried.map(({ before }) => stateInput(before))],
        outputs: [...plan.carried.map(({ result }) => result), ...plan.collected.map(({ result }) => result)],
        attributes: { body: { graph: loopBody } },
      },
    ],
    inputs: [
      scalarOf(iterationCountInput, 'int64'),
      ...plan.carried.map(({ before }) => ({ ...asValue(before), name: stateInput(before) })),
      ...outside.map(asValue),
    ],
    outputs: [
      { name: sequenceOutput, type: 'float32', shape: [], isSequence: true },
      ...plan.carried.map(({ after, result }) => ({ ...asValue(after), name: result })),
      ...plan.collected.map(({ value, result }) => ({
        name: result,
        type: value.type,
        shape: ['iterations', ...value.shape],
      })),
    ],
  };
}
