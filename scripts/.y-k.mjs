import { createHash } from 'node:crypto';
import { modelLayout } from '../dist/src/training/model-layout.js';
import { StepRunner } from '../dist/src/training/runtime/step-runner.js';
import { StepPlanner } from '../dist/src/training/step-planner.js';
import { buildTrainingGraph } from '../dist/src/training/training-graph.js';
import { exampleTableOf } from '../dist/src/text/example-table.js';
import { initialParameters } from '../dist/src/training/initial-parameters.js';
import { trainableModel } from '../dist/src/training/trainable.js';
import { encodeTexts, readTexts } from './labelled-texts.mjs';
import { readTokenizer } from './model-folder.mjs';
import { modelSizes, recipeOf } from './training-setup.mjs';
const config = modelSizes[process.argv[2]];
const head = { task: 'classification', labelCount: 2 };
const recipe = recipeOf({ batchSize: 8 });
const tok = readTokenizer('/work/shared/models/minilm-l6-v2');
const ex = encodeTexts(readTexts('/work/shared/data/sst2/dev.tsv'), tok, 64).slice(0, 64);
const voc = Int32Array.from(new Set(ex.flatMap((e) => [...e.tokenIds]))).sort();
const whole = await initialParameters({ config, head }, 42, []);
const plan = { config, head, vocabulary: voc, recipe, firstStep: 0, masking: null };
const { start, frozen } = await trainableModel(plan, recipe, whole);
const c2 = { ...config, vocabularySize: voc.length };
const layout = modelLayout(c2, head, recipe);
const graph = buildTrainingGraph({ config: c2, head, recipe, inParts: false }, layout);
const planner = new StepPlanner(plan, exampleTableOf(ex, 'class'), { groups: layout.groups, dropoutSites: graph.dropoutSites, inParts: false });
for (const threads of [1, 2, 4, 6]) for (const k of [1, 8, 1, 3]) {
  const r = await StepRunner.open(graph, layout, { start, frozen }, { provider: 'cpu', threads });
  const losses = [];
  for (let s = 0; s < 8; s += k) { const plans = []; for (let i = s; i < Math.min(8, s + k); i++) plans.push(planner.plan(i)); losses.push(...(await r.run(planner.prepare(plans), (x) => x)).losses); }
  const h = createHash('sha256'); const st = r.state();
  for (const { data } of [...st.parameters, ...st.firstMoments, ...st.secondMoments]) h.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  await r.close();
  console.log(process.argv[2], threads, k, h.digest('hex').slice(0, 10), losses.map((x) => x.toFixed(6)).join(' '));
}
