// Every tensor of a frame, for a program that compares them: tensors MODEL INPUTS OUTPUT [KERNELS] [THREADS].
//
// INPUTS holds the floats of all inputs one behind the other. OUTPUT gets, for every value as it is computed, its
// position (int32), its number of elements (int32) and those: floats, or stored integers as int32.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "ceras/ceras.hpp"
#include "support.h"

namespace {

class Threads : public ceras::Pool {
 public:
  explicit Threads(int count) : count_(count) {}
  int threads() const override { return count_; }
  void run(int count, void (*task)(void*, int), void* data) override {
    std::vector<std::thread> threads;
    for (int index = 1; index < count; ++index) threads.emplace_back(task, data, index);
    task(data, 0);
    for (std::thread& thread : threads) thread.join();
  }

 private:
  int count_;
};

struct Sink {
  const ceras::Model* model;
  std::FILE* file;
};

void observed(void* data, const ceras::Context& context, std::size_t index) {
  const Sink& sink = *static_cast<Sink*>(data);
  const ceras::Tensor& value = sink.model->value(index);
  const std::int32_t head[2] = {static_cast<std::int32_t>(index), static_cast<std::int32_t>(value.elements())};
  std::fwrite(head, sizeof head, 1, sink.file);
  std::vector<std::int32_t> words(value.elements() + 1);
  if (value.type == ceras::Type::f32) {
    std::vector<float> floats(value.elements() + 1);
    context.read_value(index, floats.data());
    std::memcpy(words.data(), floats.data(), 4 * value.elements());
  } else {
    context.read_value_raw(index, words.data());
  }
  std::fwrite(words.data(), 4, value.elements(), sink.file);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return 1;
  ceras::Kernels kernels = ceras::Kernels::best;
  const char* const names[] = {"best", "portable", "avx2", "avx512-vnni", "neon"};
  for (int at = 0; at < 5 && count > 4; ++at) {
    if (std::strcmp(arguments[4], names[at]) == 0) kernels = static_cast<ceras::Kernels>(at);
  }
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
  error = context.run();
  std::fclose(sink.file);
  if (error) return failed(error);
  std::printf("%s, arena %zu bytes\n", model->kernels(), model->arena_bytes());
  return 0;
}
