// Times matrix products of given shapes by onnxruntime's own kernel (MLAS on a CPU): the limit of a step that is made of them.
import { encodeModel } from '../dist/src/training/graph/onnx-encoding.js';
import { openSession } from '../dist/src/training/runtime/session.js';

/** Seconds that one shape is measured for, and how often: the best counts. */
const secondsPerShape = 0.06;
const attempts = 3;

/** A model that computes one product `count` times in a Loop and gives one element of each, so that nothing else takes time. */
function productModel(transposeA, transposeB) {
  const integers = (name, value) => ({ name, type: 'int64', shape: [2], values: [value, value] });
  const body = {
    name: 'product',
    initializers: [
      integers('first', 0),
      integers('end', 1),
      { name: 'axes', type: 'int64', shape: [2], values: [-2, -1] },
    ],
    nodes: [
      { operator: 'Identity', inputs: ['go_on'], outputs: ['go_on_after'] },
      {
        operator: 'FusedMatMul',
        domain: 'com.microsoft',
        inputs: ['a', 'b'],
        outputs: ['c'],
        attributes: { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: 1 } },
      },
      { operator: 'Slice', inputs: ['c', 'first', 'end', 'axes'], outputs: ['corner'] },
    ],
    inputs: [
      { name: 'iteration', type: 'int64', shape: [] },
      { name: 'go_on', type: 'bool', shape: [] },
    ],
    outputs: [
      { name: 'go_on_after', type: 'bool', shape: [] },
      { name: 'corner', type: 'float32', shape: ['batch', 1, 1] },
    ],
  };
  return encodeModel({
    name: 'products',
    initializers: [],
    nodes: [
      {
        operator: 'Loop',
        inputs: ['count', ''],
        outputs: ['corners'],
        attributes: { body: { graph: body } },
      },
    ],
    inputs: [
      { name: 'count', type: 'int64', shape: [] },
      { name: 'a', type: 'float32', shape: ['batch', 'a_rows', 'a_columns'] },
      { name: 'b', type: 'float32', shape: ['batch', 'b_rows', 'b_columns'] },
    ],
    outputs: [{ name: 'corners', type: 'float32', shape: ['count', 'batch', 1, 1] }],
  });
}

function matrices(batch, rows, columns, isTransposed) {
  const data = Float32Array.from(
    { length: batch * rows * columns },
    (_, index) => ((index * 37) % 101) / 101,
  );
  return { type: 'float32', shape: [batch, ...(isTransposed ? [columns, rows] : [rows, columns])], data };
}

/** Seconds that one product takes. */
async function secondsOf({ batch, m, k, n, transposeA, transposeB }, threads) {
  const session = await openSession(productModel(transposeA, transposeB), 'cpu', threads);
  const operands = { a: matrices(batch, m, k, transposeA), b: matrices(batch, k, n, transposeB) };
  const run = async (times) => {
    const started = performance.now();
    await session.run({
      ...operands,
      count: { type: 'int64', shape: [], data: BigInt64Array.of(BigInt(times)) },
    });
    return (performance.now() - started) / 1000;
  };
  await run(1);
  const single = await run(1);
  const times = Math.max(1, Math.ceil(secondsPerShape / single));
  let best = Infinity;
  for (let attempt = 0; attempt < attempts; attempt++) best = Math.min(best, (await run(times)) / times);
  await session.close();
  return best;
}

/**
 * The time that all products of a step take by themselves, and the rate that follows.
 * @param products - as in graph statistics
 * @returns seconds, flops and gigaflopsPerSecond
 */
export async function measureProducts(products, threads) {
  let seconds = 0;
  let flops = 0;
  for (const product of products) {
    seconds += product.count * (await secondsOf(product, threads));
    flops += product.count * 2 * product.batch * product.m * product.k * product.n;
  }
  return { seconds, flops, gigaflopsPerSecond: flops / seconds / 1e9 };
}
