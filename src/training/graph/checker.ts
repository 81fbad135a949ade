// Checks a finished graph: order, names, and that every rule still infers what the tensors say.
import type { OperatorKind } from './operators.ts';
import type { Rule } from './rule.ts';
import { operatorRules } from './rules.ts';
import { describeShape, sameShape, type Graph, type GraphNode } from './tensor.ts';

function checkNode(node: GraphNode): void {
  // Rule and node are of one kind by construction; the compiler cannot follow that through a union.
  const rule = operatorRules[node.kind] as Rule<OperatorKind>;
  const inferred = rule.infer(node.inputs, node.attributes);
  if (inferred.length !== node.outputs.length)
    throw new Error(`${node.kind} has ${node.outputs.length} outputs.`);
  node.outputs.forEach((output, index) => {
    const expected = inferred[index];
    if (expected === undefined || expected.type !== output.type || !sameShape(expected.shape, output.shape))
      throw new Error(
        `${output.name} is said to be ${output.type} ${describeShape(output.shape)}, its rule differs.`,
      );
  });
}

/**
 * Checks that each name is defined once and before its use, and that the types of all nodes hold.
 * @throws Error naming the first tensor or node that is wrong
 */
export function checkGraph(graph: Graph): void {
  const defined = new Set<string>();
  const define = (name: string): void => {
    if (defined.has(name)) throw new Error(`${name} is defined twice.`);
    defined.add(name);
  };
  for (const input of graph.inputs) define(input.name);
  for (const node of graph.nodes) {
    for (const input of node.inputs)
      if (!defined.has(input.name)) throw new Error(`${node.kind} uses ${input.name} before it is defined.`);
    checkNode(node);
    for (const output of node.outputs) define(output.name);
  }
  for (const output of graph.outputs)
    if (!defined.has(output.name)) throw new Error(`The output ${output.name} is not defined.`);
}
