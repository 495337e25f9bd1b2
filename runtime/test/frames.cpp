// Runs a frame for each line of standard input, a number of threads, and prints its milliseconds: frames MODEL.
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>

#include "ceras/ceras.hpp"
#include "pool.h"
#include "support.h"

int main(int count, char** arguments) {
  if (count < 2) return 1;
  ceras::Error error;
  const auto model = ceras::Model::open_file(arguments[1], error);
  if (!model) return failed(error);
  std::vector<std::vector<float>> inputs, outputs;
  for (std::size_t at = 0; at < model->inputs(); ++at) inputs.emplace_back(model->input(at).elements(), 114.0f);
  for (std::size_t at = 0; at < model->outputs(); ++at) outputs.emplace_back(model->output(at).elements());
  struct Ready {
    Threads threads;
    ceras::Context context;
    Ready(const ceras::Model& of, int number) : threads(number), context(of, &threads) {}
  };
  std::map<int, std::unique_ptr<Ready>> ready;  // by number of threads
  for (int number = 0; std::scanf("%d", &number) == 1;) {
    if (!ready[number]) ready[number] = std::make_unique<Ready>(*model, number);
    ceras::Context& context = ready[number]->context;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t at = 0; at < inputs.size() && !error; ++at) error = context.set_input(at, inputs[at].data());
    if (!error) error = context.run();
    for (std::size_t at = 0; at < outputs.size(); ++at) context.read_output(at, outputs[at].data());
    const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - begin;
    if (error) return failed(error);
    std::printf("%.4f\n", spent.count());
    std::fflush(stdout);
  }
  return 0;
}
