// Products in single precision (rule A14) in registers, for vectors F of an instruction set: included once for each, inside of
// its namespace, where CERAS_TARGET says what it is compiled for. A block of kLanes sums has F::kCount vectors.

template <int Rows, int Blocks>
CERAS_TARGET void matrix_tile(const Matrix& task, std::size_t row, std::size_t block) {
  constexpr int kVectors = Blocks * F::kCount;
  typename F::Floats total[Rows][kVectors];
  for (int at = 0; at < Rows; ++at) {
    for (int vector = 0; vector < kVectors; ++vector) total[at][vector] = F::zero();
  }
  const std::size_t jump = task.depth * kLanes;
  const float *weights = task.weights + block * jump, *rows = task.rows + row * task.step;
  for (std::size_t k = 0; k < task.depth; ++k, weights += kLanes) {
    typename F::Floats own[kVectors];
    for (int vector = 0; vector < kVectors; ++vector) {
      own[vector] = F::load(weights + vector / F::kCount * jump + vector % F::kCount * F::kWidth);
    }
    const float* from = rows + task.offsets[k];
#pragma GCC unroll 8
    for (int at = 0; at < Rows; ++at) {
      const auto factor = F::set(from[at * task.step]);
#pragma GCC unroll 4
      for (int vector = 0; vector < kVectors; ++vector) total[at][vector] = F::multiply_add(factor, own[vector], total[at][vector]);
    }
  }
  for (int at = 0; at < Rows; ++at) {
    float* to = task.sums + ((row + at) * task.blocks + block) * kLanes;
    for (int vector = 0; vector < kVectors; ++vector) F::store(to + vector * F::kWidth, total[at][vector]);
  }
}

template <int Rows, int Blocks>
CERAS_TARGET void matrix_blocks(const Matrix& task, std::size_t block) {
  std::size_t row = 0;
  for (; row + Rows <= task.count; row += Rows) matrix_tile<Rows, Blocks>(task, row, block);
  for (; row + Rows / 2 <= task.count; row += Rows / 2) matrix_tile<Rows / 2, Blocks>(task, row, block);
  for (; row < task.count; ++row) matrix_tile<1, Blocks>(task, row, block);
}

CERAS_TARGET void matrix(const Matrix& task) {
  std::size_t block = 0;
  for (; block + F::kBlocks <= task.blocks; block += F::kBlocks) matrix_blocks<F::kRows, F::kBlocks>(task, block);
  for (; block < task.blocks; ++block) matrix_blocks<F::kRows, 1>(task, block);
}
