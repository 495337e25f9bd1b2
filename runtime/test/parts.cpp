// Parts of a network against the whole: parts MODEL INPUTS. For every value, what computes the outputs from it and the inputs
// is opened as a part, and has to give the outputs of the whole frame. INPUTS is that of the program `tensors`.
#include <cstdio>
#include <cstring>
#include <map>

#include "ceras/ceras.hpp"
#include "support.h"

namespace {

// Integers of a value or bits of its floats.
using Words = std::vector<std::int32_t>;

struct Frame {
  const ceras::Model* model;
  std::map<std::string, Words> values;
};

Words words_of(const ceras::Tensor& value, const std::vector<float>& floats, const Words& integers) {
  if (value.type != ceras::Type::f32) return integers;
  Words bits(floats.size());
  std::memcpy(bits.data(), floats.data(), 4 * floats.size());
  return bits;
}

void observed(void* data, const ceras::Context& context, std::size_t index) {
  Frame& frame = *static_cast<Frame*>(data);
  const ceras::Tensor& value = frame.model->value(index);
  const bool real = value.type == ceras::Type::f32;
  std::vector<float> floats(real ? value.elements() : 0);
  Words integers(real ? 0 : value.elements());
  if (real) context.read_value(index, floats.data());
  if (!real) context.read_value_raw(index, integers.data());
  frame.values[value.name] = words_of(value, floats, integers);
}

ceras::Error give(ceras::Context& context, std::size_t at, const ceras::Tensor& input, const Words& words) {
  if (input.type != ceras::Type::f32) return context.set_input_raw(at, words.data());
  std::vector<float> floats(words.size());
  std::memcpy(floats.data(), words.data(), 4 * words.size());
  return context.set_input(at, floats.data());
}

// The first output that differs; empty where none does.
std::string difference(const ceras::Model& part, const ceras::Context& context, const Frame& whole) {
  for (std::size_t at = 0; at < part.outputs(); ++at) {
    const ceras::Tensor& output = part.output(at);
    const bool real = output.type == ceras::Type::f32;
    std::vector<float> floats(output.elements());
    Words integers(output.elements());
    if (real) context.read_output(at, floats.data());
    if (!real) context.read_output_raw(at, integers.data());
    if (words_of(output, floats, integers) != whole.values.at(output.name)) return output.name;
  }
  return "";
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 1;
  const std::vector<char> file = read(arguments[1]), inputs = read(arguments[2]);
  ceras::Error error;
  const auto model = ceras::Model::open(file.data(), file.size(), error);
  if (!model) return failed(error);
  ceras::Context context(*model);
  Frame whole{model.get(), {}};
  context.observe(observed, &whole);
  if (const int status = give_inputs(*model, context, inputs)) return status;
  error = context.run();
  if (error) return failed(error);
  std::size_t smaller = 0;
  for (const auto& [name, words] : whole.values) {
    const auto part = ceras::Model::open_part(file.data(), file.size(), {name}, {}, error);
    if (!part) return failed(error);
    ceras::Context own(*part);
    for (std::size_t at = 0; at < part->inputs(); ++at) {
      error = give(own, at, part->input(at), whole.values.at(part->input(at).name));
      if (error) return failed(error);
    }
    error = own.run();
    if (error) return failed(error);
    const std::string differs = difference(*part, own, whole);
    if (!differs.empty()) {
      std::printf("from \"%s\" on, output \"%s\" differs\n", name.c_str(), differs.c_str());
      return 1;
    }
    smaller += part->arena_bytes() < model->arena_bytes() ? 1 : 0;
  }
  if (ceras::Model::open_part(file.data(), file.size(), {"no such value"}, {}, error) || error.code != 301) return 1;
  std::printf("%zu parts, %zu of them in less memory\n", whole.values.size(), smaller);
  return 0;
}
