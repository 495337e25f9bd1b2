// Every tensor of a frame, for a program that compares them: tensors MODEL INPUTS OUTPUT [KERNELS] [THREADS] [formsFORMS].
//
// INPUTS holds the floats of all inputs one behind the other. OUTPUT gets, for every value as it is computed, its
// position (int32), its number of elements (int32) and those: floats, or stored integers as int32. FORMS has a 0 (integers)
// or a 1 (float) for each layer with two forms; behind the last value come the outputs then, numbered -1, -2, ...
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ceras/ceras.hpp"
#include "pool.h"
#include "support.h"

namespace {

struct Sink {
  const ceras::Model* model;
  std::FILE* file;
};

// Writes a tensor that two functions read.
template <typename Floats, typename Integers>
void write(std::FILE* file, std::int32_t number, std::size_t elements, bool is_float, const Floats& floats, const Integers& integers) {
  const std::int32_t head[2] = {number, static_cast<std::int32_t>(elements)};
  std::fwrite(head, sizeof head, 1, file);
  std::vector<std::int32_t> words(elements + 1);
  if (is_float) {
    std::vector<float> own(elements + 1);
    floats(own.data());
    std::memcpy(words.data(), own.data(), 4 * elements);
  } else {
    integers(words.data());
  }
  std::fwrite(words.data(), 4, elements, file);
}

void observed(void* data, const ceras::Context& context, std::size_t index) {
  const Sink& sink = *static_cast<Sink*>(data);
  const ceras::Tensor& value = sink.model->value(index);
  write(
      sink.file, static_cast<std::int32_t>(index), value.elements(), value.type == ceras::Type::f32 || context.is_float(index),
      [&](float* elements) { context.read_value(index, elements); },
      [&](std::int32_t* elements) { context.read_value_raw(index, elements); });
}

void leaving(const Sink& sink, const ceras::Context& context) {
  for (std::size_t at = 0; at < sink.model->outputs(); ++at) {
    const ceras::Tensor& output = sink.model->output(at);
    write(
        sink.file, -1 - static_cast<std::int32_t>(at), output.elements(), output.type == ceras::Type::f32,
        [&](float* elements) { context.read_output(at, elements); },
        [&](std::int32_t* elements) { context.read_output_raw(at, elements); });
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return 1;
  const ceras::Kernels kernels = kernels_named(count > 4 ? arguments[4] : "best");
  ceras::Error error;
  const auto model = ceras::Model::open_file(arguments[1], error, kernels);
  if (!model) return failed(error);
  Threads threads(count > 5 ? std::atoi(arguments[5]) : 1);
  ceras::Context context(*model, &threads);
  Sink sink{model.get(), std::fopen(arguments[3], "wb")};
  if (sink.file == nullptr) return 1;
  context.observe(observed, &sink);
  const std::vector<char> inputs = read(arguments[2]);
  if (const int status = give_inputs(*model, context, inputs)) return status;
  const char* const forms = count > 6 ? arguments[6] + std::strlen("forms") : nullptr;
  for (std::size_t at = 0; forms != nullptr && forms[at] != 0; ++at) {
    error = context.choose(at, forms[at] == '1' ? ceras::Form::floating : ceras::Form::integer);
    if (error) return failed(error);
  }
  error = context.run();
  if (forms != nullptr && !error) leaving(sink, context);
  std::fclose(sink.file);
  if (error) return failed(error);
  std::printf("%s, arena %zu bytes\n", model->kernels(), model->arena_bytes());
  return 0;
}
