// Prints the training graph of a model - one step: forward, backward, clipping, AdamW - and writes it as ONNX.
//   npm run engine:graph -- --model DIR|tiny|base|minilm-sizes [--batch 32] [--length 128] [--dropout 0.1] [--labels 2]
//     [--task TASK] [--output step.onnx]
// FLOPs and bytes are those of a step over --batch sequences of --length tokens. FLOPs are the multiplications and additions
// of matrix products alone; bytes count every operand of every node once, as if nothing were fused or cached.
// Prints tables and, as its last line, the same as JSON.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { noTarget } from '../dist/src/text/example-table.js';
import { packBatch } from '../dist/src/training/batch.js';
import { emitGraph } from '../dist/src/training/graph/onnx-emission.js';
import { graphStatistics, onnxOperators } from '../dist/src/training/graph-statistics.js';
import { maskedPlaces } from '../dist/src/training/masked-language.js';
import { modelLayout } from '../dist/src/training/model-layout.js';
import { optimizers } from '../dist/src/training/optimizer/optimizer.js';
import { packingCost } from '../dist/src/training/packing.js';
import { stepParts } from '../dist/src/training/step-parts.js';
import { buildTrainingGraph } from '../dist/src/training/training-graph.js';
import { labelCountOf, readConfigOf, taskOf, tasks } from './model-folder.mjs';
import { modelSizes, recipeOf, rounded, sizesOf } from './training-setup.mjs';

const { values: given } = parseArgs({
  options: {
    model: { type: 'string' },
    batch: { type: 'string', default: '32' },
    length: { type: 'string', default: '128' },
    dropout: { type: 'string', default: '0.1' },
    labels: { type: 'string' },
    task: { type: 'string' },
    output: { type: 'string' },
  },
});
if (given.model === undefined || (given.task !== undefined && !tasks.includes(given.task))) {
  console.error(
    `--model is a folder or one of ${Object.keys(modelSizes).join(', ')}; --task one of ${tasks.join(', ')}.`,
  );
  process.exit(2);
}

const { config, raw } =
  given.model in modelSizes ? { config: modelSizes[given.model], raw: {} } : readConfigOf(given.model);
const head = {
  task: given.task ?? taskOf(raw) ?? 'classification',
  labelCount: Number(given.labels ?? labelCountOf(raw)),
};
const recipe = recipeOf({ batchSize: Number(given.batch), dropout: Number(given.dropout) });
/** Sequences of different words; of masked language every seventh is to be found. */
const examples = Array.from({ length: recipe.batchSize }, (_, sequence) => {
  const tokenIds = Int32Array.from(
    { length: Number(given.length) },
    (_unused, place) => (sequence * Number(given.length) + place) % config.vocabularySize,
  );
  const targets = tokenIds.map((id, place) => (place % 7 === 3 ? id : noTarget));
  return { tokenIds, secondStart: tokenIds.length, targets };
});
const parts = stepParts(examples);
const layout = modelLayout(config, head, recipe);
const inParts = parts.length > 1;
const graph = buildTrainingGraph({ config, head, recipe, inParts }, layout);
const shape = { config, head, cost: packingCost(config), rowOfId: null };
const batch = packBatch(parts[0], shape, head.task === 'maskedLanguage' ? maskedPlaces : undefined);
const statistics = graphStatistics(graph.step, sizesOf(batch, graph), parts.length);
const elements = (shapes) => shapes.reduce((sum, sizes) => sum + sizes.reduce((a, b) => a * b, 1), 0);
const parameters = elements([...layout.trainedShapes.values(), ...layout.frozenShapes.values()]);
const trained = elements([...layout.trainedShapes.values()]);
const onnx = onnxOperators(emitGraph('step', graph.step));
const byCount = [...onnx].sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1));

console.log(`${head.task}, ${recipe.batchSize} sequences of ${given.length} tokens`);
console.log(`${parameters} parameters in ${layout.trainedShapes.size + layout.frozenShapes.size} tensors`);
console.log(`${layout.trained.length} slots of state, ${layout.frozen.length} frozen`);
console.log(
  `${parts.length} parts a step, rows of the first packed to ${batch.packing.rows} x ${batch.packing.width}\n`,
);
console.table(
  statistics.operators.map(({ kind, nodes, flops, bytes }) => ({
    operator: kind,
    nodes,
    GFLOP: rounded(flops / 1e9),
    MB: rounded(bytes / 1e6),
  })),
);
console.log(byCount.map(([operator, count]) => `${operator} ${count}`).join(', '));
if (given.output !== undefined) writeFileSync(given.output, graph.model);
console.log(
  JSON.stringify({
    nodes: statistics.nodes,
    onnxNodes: byCount.reduce((sum, [, count]) => sum + count, 0),
    flops: statistics.flops,
    bytes: statistics.bytes,
    parameters,
    trainedParameters: trained,
    stateBytes: 4 * trained * (1 + optimizers[recipe.optimizer].moments),
    slots: layout.trained.length,
    dropoutSites: graph.dropoutSites.length,
    partsOfAStep: parts.length,
    modelBytes: graph.model.length,
    operators: statistics.operators,
    onnxOperators: Object.fromEntries(byCount),
  }),
);
