// What the files of float layers share while steps are made.
#ifndef CERAS_FLOAT_LAYERS_H
#define CERAS_FLOAT_LAYERS_H

#include "function.h"
#include "../steps.h"

namespace ceras::detail {

// A layer in single precision: its integer inputs dequantized, and where its results go.
class FloatLayer {
 public:
  struct Input {
    std::size_t value = kNone;  // floats; none for a constant or where nothing is given
    const Operand* operand = nullptr;
    bool given() const { return operand->kind != Operand::Kind::none; }
    bool is_value() const { return value != kNone; }
  };

  FloatLayer(Builder& of, const Layer& own);

  Builder& builder;
  const Layer& layer;
  std::vector<Input> inputs;        // by position
  std::vector<std::size_t> values;  // those of the inputs that are values
  std::vector<std::size_t> results; // by output, where the operator writes floats

  const Value& value(std::size_t index) const { return builder.value(index); }
  const Shape& shape() const { return builder.value(layer.outputs[0]).shape; }
  // The shape of an input at a position, which is given.
  const Shape& shape_of(std::size_t position) const;
  bool given(std::size_t position) const { return position < inputs.size() && inputs[position].given(); }
  // Floats of a constant at a position.
  bool constant(std::size_t position, std::vector<float>& numbers) const {
    return given(position) && inputs[position].operand->floats(numbers);
  }
  // A value in an order of memory, copied where it has another one.
  std::size_t arranged(std::size_t index, bool channels_last);
  // Where the first output's floats go in an order of memory; what follows the operator brings them to theirs.
  std::size_t result(bool channels_last);
  // The attribute of an operator that is one word.
  std::string word() const { return layer.attributes->is(Json::Kind::string) ? layer.attributes->text : ""; }
  bool flag(const char* key, bool& set) const;

  // Brings results to the memory of the outputs.
  void finish();

 private:
  std::size_t dequantized(std::size_t index);
};

// What a product of matrices does to its sums.
struct Epilogue {
  FloatFunction function;
  bool before = false;  // whether the residual is added before the function
  std::size_t residual = kNone;  // in the order of memory of the result

  // Of the layer's attributes; false with the error set.
  bool read(FloatLayer& layer, bool channels_last);
  // On `count` sums that are at `first` of the result.
  void apply(const Frame& frame, float* sums, std::size_t first, std::size_t count) const;
};

// Steps between an integer value and its floats, which lie in the same order in memory.
CERAS_ONCE void add_dequantized(Builder& builder, std::size_t integers, std::size_t floats);
CERAS_ONCE void add_quantized(Builder& builder, std::size_t floats, std::size_t integers);

// Each adds the steps of its operators, or sets the error.
CERAS_ONCE bool build_float_function(FloatLayer& layer);
CERAS_ONCE bool build_float_limits(FloatLayer& layer);
CERAS_ONCE bool build_float_arithmetic(FloatLayer& layer);  // binary, p-relu, pow, sum, min-max
CERAS_ONCE bool build_float_norm(FloatLayer& layer);        // batch-norm
CERAS_ONCE bool build_float_softmax(FloatLayer& layer);
CERAS_ONCE bool build_float_reduction(FloatLayer& layer);   // reduce, global-pool
CERAS_ONCE bool build_float_pool(FloatLayer& layer);        // max-pool, average-pool
CERAS_ONCE bool build_float_conv(FloatLayer& layer);
CERAS_ONCE bool build_float_conv_transpose(FloatLayer& layer);
CERAS_ONCE bool build_float_product(FloatLayer& layer);     // gemm, mat-mul
CERAS_ONCE bool build_float_resize(FloatLayer& layer);      // linear and cubic

}  // namespace ceras::detail

#endif
