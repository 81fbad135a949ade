// The one table of operators. It is typed over every kind: a kind without a rule does not compile.
import type { OperatorKind } from './operators.ts';
import type { RulesOf } from './rule.ts';
import { controlRules } from './rules/control.ts';
import { elementwiseRules } from './rules/elementwise.ts';
import { indexingRules } from './rules/indexing.ts';
import { layoutRules } from './rules/layout.ts';
import { linearRules } from './rules/linear.ts';
import { orderRules } from './rules/order.ts';
import { packingRules } from './rules/packing.ts';
import { normalizationRules } from './rules/normalization.ts';
import { reductionRules } from './rules/reduction.ts';

export const operatorRules: RulesOf<OperatorKind> = {
  ...elementwiseRules,
  ...linearRules,
  ...normalizationRules,
  ...packingRules,
  ...orderRules,
  ...controlRules,
  ...reductionRules,
  ...layoutRules,
  ...indexingRules,
};
