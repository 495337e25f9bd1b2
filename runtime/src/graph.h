// The quantized graph as the file holds it, and the steps that run it.
#ifndef CERAS_GRAPH_H
#define CERAS_GRAPH_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ceras/ceras.hpp"
#include "json.h"
#include "kernels.h"
#include "plain/arithmetic.h"
#include "plain/window.h"

namespace ceras::detail {

using Shape = std::vector<std::size_t>;
using Flags = std::vector<std::uint8_t>;  // 0 or 1: half the code of a vector of bits

constexpr std::size_t kNone = static_cast<std::size_t>(-1);  // no value, no choice

inline int width_bits(Type type) { return type == Type::i8 ? 8 : type == Type::i16 ? 16 : 32; }
inline std::size_t width_bytes(Type type) { return type == Type::i8 ? 1 : type == Type::i16 ? 2 : 4; }

// What flows between layers, with its place in memory. int8 elements are held as q + 128, unsigned, the form in which
// products with int8 weights are fastest; wider integers and floats as they are.
struct Value : Tensor {
  bool channels_last = false;  // channels are the innermost dimension in memory, behind the spatial ones
  std::size_t offset = 0;      // first byte in the arena
  int born = 0, dies = 0;      // first and last step that has it in memory
  std::size_t floats = kNone;  // the same value in float, where a layer with two forms computes it

  std::size_t batch() const { return shape.empty() ? 1 : shape[0]; }
  std::size_t channels() const { return shape.size() > 1 ? shape[1] : 1; }
  std::size_t plane() const;  // elements behind dimension 1
  std::size_t bytes() const { return elements() * width_bytes(type); }
  bool is_integer() const { return type != Type::f32; }
  // Elements from one index to the next, per dimension.
  Shape strides() const;
};

struct Operand {
  enum class Kind : std::uint8_t { none, value, constant };
  Kind kind = Kind::none;
  std::size_t value = 0;
  std::string dtype;             // of a constant
  Shape shape;
  const std::uint8_t* data = nullptr;
  std::size_t elements = 0;
  bool integers(std::vector<std::int64_t>& numbers) const;  // of an int64 or int32 constant
  bool floats(std::vector<float>& numbers) const;           // of an f32 constant
};

enum class LayerKind : std::uint8_t { conv, add, channel_mul, dpu_add, rescale, max_pool, move, floating };

enum class Activation : std::uint8_t { none, relu, leaky_relu };
enum class Residual : std::uint8_t { none, before, after };

// Parameters of a convolution: views of the file.
struct Conv {
  enum class Output : std::uint8_t { direct, function, dpu };
  Axis rows, columns;
  std::size_t group = 1, outputs = 0, group_inputs = 0;
  const std::int8_t* weights = nullptr;
  std::vector<std::int32_t> bias;
  Output output = Output::direct;
  const std::int8_t *arguments = nullptr, *shifts = nullptr, *fractions = nullptr;  // null: the usual one
  bool relu = false;
  std::size_t function = 0;
  Residual residual = Residual::none;
  int accumulator_shift = 0, bias_shift = 0, shift = 0;
  Activation activation = Activation::none;
  std::size_t taps() const { return group_inputs * rows.kernel * columns.kernel; }
};

struct Layer {
  std::string name;
  LayerKind kind = LayerKind::conv;
  std::string op;          // name of the operator of a max-pool, move or float layer
  const Json* attributes = &Json::nothing();  // its attributes
  Conv conv;
  std::vector<Operand> inputs;
  std::vector<std::size_t> outputs;
  std::shared_ptr<const Layer> floating;  // its form in float, where the file has one
};

// A layer with two forms: the caller's choice, or that of the layers that it reads.
struct Choice {
  std::string name;
  bool follows = false;             // in float where all of `reads` are
  std::vector<std::size_t> reads;   // choices
  std::vector<std::size_t> outputs; // values of the file
};

class Frame;

// A piece of work of a frame.
class Step {
 public:
  virtual ~Step() = default;
  virtual void run(Frame& frame) const = 0;
  std::vector<std::size_t> computed;  // values of the file that exist afterwards
  // When it runs: where a choice has a form, and where a value does not exist yet.
  struct Condition {
    std::size_t choice = kNone;
    Form form = Form::integer;
    std::size_t unless = kNone;
  };
  Condition condition;
};

struct Network {
  std::string name;
  Rounding rounding = Rounding::half_up;
  std::vector<Value> values;  // those of the file, then temporary ones
  std::size_t file_values = 0;
  std::vector<Function> functions;
  std::vector<std::vector<std::int32_t>> roms;  // of the functions
  std::vector<std::unique_ptr<ShortTable>> tables;  // of the functions that have a short one
  Json graph_form, float_form;  // the sections GRPH and FLTS, which attributes of layers are parts of
  std::vector<Layer> layers;    // empty, as both forms, once steps are made
  std::vector<std::size_t> inputs, outputs;
  std::vector<std::string> output_names;
  std::string meta;
  std::vector<Choice> choices;         // in the order of their layers
  std::vector<std::size_t> asked;      // those that are the caller's
  std::vector<std::unique_ptr<Step>> steps;
  std::size_t arena_bytes = 0, scratch_bytes = 0;
  const KernelSet* kernels = nullptr;
};

// Sections to a graph: structure, positions and ranges; the rules of operators are checked when steps are made.
struct Sections;
bool decode_graph(const Sections& sections, Network& network, Error& error);
// Keeps what computes `wanted` (the outputs, where it is empty) from `given` and the inputs, by names of values. Inputs are
// then the known values that this reads, in the order of the file.
bool cut_part(Network& network, const std::vector<std::string>& given, const std::vector<std::string>& wanted, Error& error);

}  // namespace ceras::detail

#endif
