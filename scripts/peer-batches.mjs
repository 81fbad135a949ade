// The batches that an ordinary PyTorch loop trains on: which rows it takes of a file, and in which order its loader shuffles
// them. Both come from one generator, the Mersenne Twister (Matsumoto and Nishimura, ACM TOMACS 8, 1998).

const size = 624;

/** Whole numbers of 32 bits, as torch.Generator().manual_seed(seed) gives them on a CPU. */
function mersenneTwister(seed) {
  const state = new Uint32Array(size);
  state[0] = seed;
  for (let index = 1; index < size; index++) {
    const before = state[index - 1] ^ (state[index - 1] >>> 30);
    state[index] = Math.imul(1_812_433_253, before) + index;
  }
  let place = size;
  const refill = () => {
    for (let index = 0; index < size; index++) {
      const bits = (state[index] & 0x8000_0000) | (state[(index + 1) % size] & 0x7fff_ffff);
      state[index] = state[(index + 397) % size] ^ (bits >>> 1) ^ (bits & 1 ? 0x9908_b0df : 0);
    }
    place = 0;
  };
  return () => {
    if (place === size) refill();
    let bits = state[place++];
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c_5680;
    bits ^= (bits << 15) & 0xefc6_0000;
    return (bits ^ (bits >>> 18)) >>> 0;
  };
}

/** As torch.randperm(count, generator). */
function randomPermutation(next, count) {
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let index = 0; index + 1 < count; index++) {
    const other = index + (next() % (count - index));
    [order[index], order[other]] = [order[other], order[index]];
  }
  return order;
}

/**
 * The rows of a file in the order in which the peer trains on them: the first `wanted` of a permutation of all, shuffled
 * once more by its DataLoader, which draws two numbers for itself before.
 */
export function peerOrder(rows, wanted, seed) {
  const next = mersenneTwister(seed);
  const chosen = randomPermutation(next, rows).subarray(0, wanted);
  next();
  next();
  return randomPermutation(next, chosen.length).map((place) => chosen[place]);
}
