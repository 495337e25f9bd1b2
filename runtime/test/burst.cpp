// Milliseconds per frame: burst MODEL [KERNELS] [FRAMES] [BURSTS] [FORM]. Prints the median of the bursts of each of them. FORM, of
// layers that the file holds in both: `integer`, `float`, or a limit in milliseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "support.h"

int main(int count, char** arguments) {
  if (count < 2) return 1;
  const ceras::Kernels kernels = kernels_named(count > 2 ? arguments[2] : "best");
  const int frames = count > 3 ? std::atoi(arguments[3]) : 20, bursts = count > 4 ? std::atoi(arguments[4]) : 5;
  ceras::Error error;
  const auto model = ceras::Model::open_file(arguments[1], error, kernels);
  if (!model) return failed(error);
  ceras::Context context(*model);
  std::vector<std::vector<float>> inputs;
  std::uint32_t state = 1;
  for (std::size_t at = 0; at < model->inputs(); ++at) {
    inputs.emplace_back(model->input(at).elements());
    for (float& element : inputs.back()) element = static_cast<float>((state = state * 1664525u + 1013904223u) >> 24);
  }
  const char* const form = count > 5 ? arguments[5] : "integer";
  if (std::strcmp(form, "float") == 0) {
    error = context.choose(ceras::Form::floating);
  } else if (std::strcmp(form, "integer") != 0) {
    std::vector<const float*> pointers;
    for (const auto& input : inputs) pointers.push_back(input.data());
    error = context.measure(pointers.data());
    if (!error) error = context.limit_time(std::atof(form) / 1000);
  }
  std::vector<float> output(model->output(0).elements());
  std::vector<double> times;
  for (int burst = -1; burst < bursts; ++burst) {
    const auto begin = std::chrono::steady_clock::now();
    for (int frame = 0; frame < frames; ++frame) {
      for (std::size_t at = 0; at < inputs.size() && !error; ++at) error = context.set_input(at, inputs[at].data());
      if (!error) error = context.run();
      context.read_output(0, output.data());
    }
    const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - begin;
    if (burst >= 0) times.push_back(spent.count() / frames);
  }
  if (error) return failed(error);
  if (times.empty()) return 2;
  std::sort(times.begin(), times.end());
  std::size_t floating = 0;
  for (std::size_t at = 0; at < model->choices(); ++at) floating += context.form(at) == ceras::Form::floating ? 1 : 0;
  if (model->choices() > 0) std::printf("%zu of %zu layers in float; ", floating, model->choices());
  std::printf("%s: %.3f ms a frame (least %.3f), arena %zu bytes\n", model->kernels(), times[times.size() / 2], times[0], model->arena_bytes());
  return 0;
}
