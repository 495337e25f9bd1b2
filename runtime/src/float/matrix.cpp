// Products of matrices in single precision (Gemm, MatMul), in the order of additions of rule A14.
#include <algorithm>

#include "layers.h"
#include "../order.h"

namespace ceras::detail {

namespace {

constexpr std::size_t kMatrixRows = 16;  // at once

// A factor: where element (row, column) of each matrix of the batch is.
struct Factor {
  std::size_t value = kNone;
  std::vector<float> constant;
  std::size_t row = 0, column = 0;   // elements from one to the next
  Shape batch;                       // elements from one index of each batch axis to the next, 0 where it repeats

  const float* data(const Frame& frame) const { return value == kNone ? constant.data() : frame.data<float>(value); }
};

class ProductStep : public Step {
 public:
  Factor a, b, c;
  bool adds = false;  // c, which repeats over a row or a column where its strides are 0
  float alpha = 1, beta = 1;
  Shape batch;
  std::vector<std::size_t> straight;  // 0 to k - 1
  std::size_t matrices = 1, m = 0, n = 0, k = 0, output = 0;
  Epilogue epilogue;

  std::size_t scratch() const { return 4 * (k * kLanes + kMatrixRows * (k + kLanes)); }

  // Row-major; a piece of work is a block of columns of one matrix.
  void run(Frame& frame) const override {
    const std::size_t blocks = (n + kLanes - 1) / kLanes;
    frame.each(matrices * blocks, [&](std::size_t item, std::uint8_t* scratch) {
      const std::size_t matrix = item / blocks, first = item % blocks * kLanes;
      float* columns = reinterpret_cast<float*>(scratch);
      gather(b.data(frame) + offset(b, matrix) + first * b.column, columns, std::min(kLanes, n - first));
      for (std::size_t row = 0; row < m; row += kMatrixRows) multiply(frame, matrix, row, first, columns);
    });
  }

 private:
  std::size_t offset(const Factor& factor, std::size_t index) const {
    std::size_t elements = 0;
    for (std::size_t at = batch.size(); at-- > 0; index /= batch[at]) elements += index % batch[at] * factor.batch[at];
    return elements;
  }

  void gather(const float* from, float* to, std::size_t count) const {
    for (std::size_t at = 0; at < k; ++at, to += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) to[lane] = lane < count ? from[at * b.row + lane * b.column] : 0.0f;
    }
  }

  void multiply(const Frame& frame, std::size_t matrix, std::size_t row, std::size_t first, float* columns) const {
    const std::size_t count = std::min(kMatrixRows, m - row), width = std::min(kLanes, n - first);
    float *rows = columns + k * kLanes, *sums = rows + kMatrixRows * k;
    const float* from = a.data(frame) + offset(a, matrix) + row * a.row;
    for (std::size_t at = 0; at < count && a.column != 1; ++at) {
      for (std::size_t own = 0; own < k; ++own) rows[at * k + own] = from[at * a.row + own * a.column];
    }
    frame.network().kernels->matrix({a.column == 1 ? from : rows, a.column == 1 ? a.row : k, count, k, columns, 1, sums, straight.data()});
    for (std::size_t at = 0; at < count; ++at) {
      const std::size_t position = (matrix * m + row + at) * n + first;
      float *own = sums + at * kLanes, *to = frame.data<float>(output) + position;
      for (std::size_t lane = 0; lane < width; ++lane) {
        if (alpha != 1.0f) own[lane] *= alpha;
        if (!adds) continue;
        const float product = beta * c.data(frame)[(row + at) * c.row + (first + lane) * c.column];
        own[lane] += product;
      }
      std::copy_n(own, width, to);
      epilogue.apply(frame, to, position, width);
    }
  }
};

bool factor(FloatLayer& layer, std::size_t position, Factor& own) {
  if (!layer.given(position)) return layer.builder.broken("a factor is missing");
  if (layer.inputs[position].is_value()) {
    own.value = layer.arranged(layer.inputs[position].value, false);
    return true;
  }
  return layer.constant(position, own.constant) || layer.builder.broken("a factor is no float");
}

bool gemm(FloatLayer& layer, ProductStep& step) {
  bool turned[2] = {false, false};
  const Json& form = *layer.layer.attributes;
  if (!layer.flag("transpose-a", turned[0]) || !layer.flag("transpose-b", turned[1]) || !read_real(form.get("alpha"), step.alpha) ||
      !read_real(form.get("beta"), step.beta)) {
    return layer.builder.broken("its attributes");
  }
  Factor* const factors[2] = {&step.a, &step.b};
  Shape shapes[2];
  for (std::size_t at = 0; at < 2; ++at) {
    if (!factor(layer, at, *factors[at])) return false;
    shapes[at] = layer.shape_of(at);
    if (shapes[at].size() != 2) return layer.builder.broken("a factor is no matrix");
    factors[at]->row = turned[at] ? 1 : shapes[at][1];
    factors[at]->column = turned[at] ? shapes[at][1] : 1;
    if (turned[at]) std::swap(shapes[at][0], shapes[at][1]);
  }
  step.m = shapes[0][0], step.k = shapes[0][1], step.n = shapes[1][1];
  if (shapes[1][0] != step.k || layer.shape() != Shape{step.m, step.n}) return layer.builder.broken("its shapes do not fit each other");
  step.adds = layer.given(2);
  if (!step.adds) return true;
  if (!factor(layer, 2, step.c)) return false;
  Shape shape = layer.shape_of(2);
  if (shape.size() > 2) return layer.builder.broken("the shape of what it adds");
  shape.insert(shape.begin(), 2 - shape.size(), 1);
  if ((shape[0] != 1 && shape[0] != step.m) || (shape[1] != 1 && shape[1] != step.n)) return layer.builder.broken("the shape of what it adds");
  step.c.row = shape[0] == 1 ? 0 : shape[1];
  step.c.column = shape[1] == 1 ? 0 : 1;
  return true;
}

// The batch axes of both factors, which broadcast.
bool mat_mul(FloatLayer& layer, ProductStep& step) {
  Factor* const factors[2] = {&step.a, &step.b};
  Shape shapes[2];
  for (std::size_t at = 0; at < 2; ++at) {
    if (!factor(layer, at, *factors[at])) return false;
    Shape& shape = shapes[at] = layer.shape_of(at);
    if (shape.empty()) return layer.builder.broken("a factor is no matrix");
    // A vector is a row on the left and a column on the right.
    if (shape.size() == 1) shape.insert(at == 0 ? shape.begin() : shape.end(), 1);
    factors[at]->row = shape.back();
    factors[at]->column = 1;
  }
  const auto rows = [&](int at) { return shapes[at][shapes[at].size() - 2]; };
  step.m = rows(0), step.k = shapes[0].back(), step.n = shapes[1].back();
  if (rows(1) != step.k) return layer.builder.broken("its shapes do not fit each other");
  const std::size_t rank = std::max(shapes[0].size(), shapes[1].size()) - 2;
  step.batch.assign(rank, 1);
  for (std::size_t side = 0; side < 2; ++side) {
    const Shape& shape = shapes[side];
    const std::size_t missing = rank + 2 - shape.size();
    factors[side]->batch.assign(rank, 0);
    std::size_t elements = shape.back() * shape[shape.size() - 2];
    for (std::size_t at = rank; at-- > missing;) {
      const std::size_t extent = shape[at - missing];
      if (extent != 1 && step.batch[at] != 1 && step.batch[at] != extent) return layer.builder.broken("its shapes do not fit each other");
      if (extent != 1) step.batch[at] = extent, factors[side]->batch[at] = elements;
      elements *= extent;
    }
  }
  Shape result = step.batch;
  if (layer.shape_of(0).size() > 1) result.push_back(step.m);
  if (layer.shape_of(1).size() > 1) result.push_back(step.n);
  for (std::size_t extent : step.batch) step.matrices *= extent;
  return result == layer.shape() || layer.builder.broken("its shape");
}

}  // namespace

bool build_float_product(FloatLayer& layer) {
  auto step = std::make_unique<ProductStep>();
  const bool plain = layer.layer.op == "gemm";
  if (!(plain ? gemm(layer, *step) : mat_mul(layer, *step))) return false;
  if (plain && !step->epilogue.read(layer, false)) return false;
  step->straight = numbers_to(step->k);
  const std::size_t output = layer.result(false);
  step->output = output;
  layer.builder.scratch(step->scratch());
  std::vector<std::size_t> reads;
  for (std::size_t value : {step->a.value, step->b.value, step->c.value, step->epilogue.residual}) {
    if (value != kNone) reads.push_back(value);
  }
  layer.builder.add(std::move(step), reads, {output});
  return true;
}

}  // namespace ceras::detail
