// Several contexts of one model at the same time, each on a thread of its own: contexts MODEL INPUTS [THREADS] [FRAMES].
//
// Every one has to give the outputs of a context that is alone.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "ceras/ceras.hpp"
#include "support.h"

namespace {

// All outputs of a frame; none where it cannot be computed.
std::vector<float> frame(const ceras::Model& model, ceras::Context& context, const std::vector<char>& inputs) {
  std::vector<float> outputs;
  if (give_inputs(model, context, inputs) != 0 || context.run()) return outputs;
  for (std::size_t at = 0; at < model.outputs(); ++at) {
    std::vector<float> own(model.output(at).elements());
    context.read_output(at, own.data());
    outputs.insert(outputs.end(), own.begin(), own.end());
  }
  return outputs;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 1;
  const int threads = count > 3 ? std::atoi(arguments[3]) : 4, frames = count > 4 ? std::atoi(arguments[4]) : 3;
  ceras::Error error;
  const auto model = ceras::Model::open_file(arguments[1], error);
  if (!model) return failed(error);
  const std::vector<char> inputs = read(arguments[2]);
  ceras::Context alone(*model);
  const std::vector<float> expected = frame(*model, alone, inputs);
  std::atomic<int> wrong{0};
  const auto work = [&] {
    ceras::Context context(*model);
    for (int at = 0; at < frames; ++at) {
      const std::vector<float> outputs = frame(*model, context, inputs);
      const bool same = outputs.size() == expected.size() &&
                        (outputs.empty() || std::memcmp(outputs.data(), expected.data(), 4 * outputs.size()) == 0);
      if (!same) ++wrong;
    }
  };
  std::vector<std::thread> all;
  for (int at = 0; at < threads; ++at) all.emplace_back(work);
  for (std::thread& thread : all) thread.join();
  std::printf("%d of %d frames differ\n", wrong.load(), threads * frames);
  return wrong == 0 && !expected.empty() ? 0 : 2;
}
