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
      if (!same(outputs, expected)) ++wrong;
    }
  };
  std::vector<std::thread> all;
  for (int at = 0; at < threads; ++at) all.emplace_back(work);
  for (std::thread& thread : all) thread.join();
  std::printf("%d of %d frames differ\n", wrong.load(), threads * frames);
  return wrong == 0 && !expected.empty() ? 0 : 2;
}
