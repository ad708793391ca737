// Random numbers from a seed and a position: Philox 4x64 with 10 rounds.
//
// Number n is computed from the seed and n alone, so that a text can be
// continued at any place. (Salmon et al. 2011, "Parallel random numbers: as
// easy as 1, 2, 3".) The key is (seed, sample), the counter is n / 4: each
// value of the counter gives four numbers. A page writes sample 0 only.

const PHILOX_MULTIPLIERS = [0xD2E7470EE14C6C93n, 0xCA5A826395121157n];
const PHILOX_KEY_STEPS = [0x9E3779B97F4A7C15n, 0xBB67AE8584CAA73Bn];
const PHILOX_ROUNDS = 10;
const NUMBERS_PER_COUNT = 4;
const low64 = number => BigInt.asUintN(64, number);

function philox(counter, key) {
  let [c0, c1, c2, c3] = counter, [k0, k1] = key;
  for (let round = 0; round < PHILOX_ROUNDS; round++) {
    const first = PHILOX_MULTIPLIERS[0] * c0, second = PHILOX_MULTIPLIERS[1] * c2;
    [c0, c1, c2, c3] = [
      (second >> 64n) ^ c1 ^ k0, low64(second), (first >> 64n) ^ c3 ^ k1, low64(first),
    ];
    k0 = low64(k0 + PHILOX_KEY_STEPS[0]);
    k1 = low64(k1 + PHILOX_KEY_STEPS[1]);
  }
  return [c0, c1, c2, c3];
}

class Uniforms {
  // `seed`: a BigInt; its lowest 64 bits are used.
  constructor(seed) {
    this.key = [low64(seed), 0n];
    this.count = -1;
  }

  // The number in [0, 1) at a position: the upper 53 bits of 64.
  at(position) {
    const count = Math.floor(position / NUMBERS_PER_COUNT);
    if (count !== this.count) {
      this.count = count;
      // NumPy's generator adds 1 to its counter before it is used.
      this.numbers = philox([BigInt(count) + 1n, 0n, 0n, 0n], this.key);
    }
    return Number(this.numbers[position % NUMBERS_PER_COUNT] >> 11n) * 2 ** -53;
  }
}
