// What a context does with its choices: forms MODEL INPUTS.
//
// A frame in integers and one in float alone; then both in turn, and by limits of time. Every frame has to give what its choice
// gives alone.
#include <cstdio>
#include <cstring>
#include <vector>

#include "ceras/ceras.h"
#include "ceras/ceras.hpp"
#include "support.h"

namespace {

int wrong = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  ++wrong;
  std::printf("not so: %s\n", what);
}

// The same by the C interface: all outputs of a frame in a form.
std::vector<float> plain_frame(ceras_context* context, const ceras::Model& model, const std::vector<const float*>& inputs, int floats) {
  std::vector<float> outputs;
  if (ceras_choose(context, CERAS_ALL, floats, nullptr) != 0) return outputs;
  for (std::size_t at = 0; at < inputs.size(); ++at) {
    if (ceras_set_input(context, at, inputs[at], nullptr) != 0) return outputs;
  }
  if (ceras_run(context, nullptr) != 0) return outputs;
  for (std::size_t at = 0; at < model.outputs(); ++at) {
    std::vector<float> own(model.output(at).elements());
    ceras_read_output(context, at, own.data(), nullptr);
    outputs.insert(outputs.end(), own.begin(), own.end());
  }
  return outputs;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 1;
  ceras::Error error;
  const auto model = ceras::Model::open_file(arguments[1], error);
  if (!model) return failed(error);
  const std::vector<char> inputs = read(arguments[2]);
  ceras::Context first(*model), second(*model), context(*model);
  const std::vector<float> integers = frame(*model, first, inputs);
  if ((error = second.choose(ceras::Form::floating))) {
    expect(same(frame(*model, second, inputs), integers), "the frame behind a refused choice");
    return failed(error);
  }
  const std::vector<float> floats = frame(*model, second, inputs);
  expect(!same(integers, floats), "the two forms differ");
  for (int turn = 0; turn < 3; ++turn) {
    context.choose(ceras::Form::integer);
    expect(same(frame(*model, context, inputs), integers), "integers in turn");
    context.choose(ceras::Form::floating);
    expect(same(frame(*model, context, inputs), floats), "float in turn");
    expect(context.form(0) == ceras::Form::floating, "the form of the last frame");
  }
  expect(context.limit_time(1.0).code != 0, "no limit without times");
  expect(context.choose(model->choices(), ceras::Form::floating).code != 0, "no choice behind the last");
  std::vector<std::vector<float>> elements;
  std::vector<const float*> pointers;
  std::size_t next = 0;
  for (std::size_t at = 0; at < model->inputs(); ++at) {
    elements.emplace_back(model->input(at).elements());
    std::memcpy(elements.back().data(), inputs.data() + next, 4 * elements.back().size());
    next += 4 * elements.back().size();
  }
  for (const auto& own : elements) pointers.push_back(own.data());
  if ((error = context.measure(pointers.data()))) return failed(error);
  expect(same(frame(*model, context, inputs), floats), "the choice from before the measurement");
  context.choose(ceras::Form::integer);
  if ((error = context.limit_time(3600))) return failed(error);
  expect(same(frame(*model, context, inputs), floats), "an hour is enough for float");
  context.limit_time(1e-9);
  expect(same(frame(*model, context, inputs), integers), "a nanosecond is not");
  context.limit_time(0);
  expect(same(frame(*model, context, inputs), integers), "integers behind the limits");
  // A single choice of float gives something else than none and all, or the network has but one.
  first.choose(0, ceras::Form::floating);
  const std::vector<float> one = frame(*model, first, inputs);
  expect(model->choices() > 1 || same(one, floats), "the only choice is all of them");
  ceras_model* plain = ceras_open_file(arguments[1], nullptr);
  ceras_context* by_c = ceras_context_new(plain);
  expect(ceras_choices(plain) == model->choices() && ceras_choice_name(plain, 0) == model->choice_name(0), "choices in C");
  expect(ceras_choice_name(plain, model->choices()) == nullptr, "no name behind the last");
  expect(same(plain_frame(by_c, *model, pointers, 1), floats), "float in C");
  expect(same(plain_frame(by_c, *model, pointers, 0), integers), "integers in C");
  ceras_error told = {0, ""};
  expect(ceras_limit_time(by_c, 1, &told) == 604, "no limit without times in C");
  expect(ceras_measure(by_c, pointers.data(), 1, &told) == 0 && ceras_limit_time(by_c, 3600, &told) == 0, "a limit in C");
  ceras_context_free(by_c), ceras_close(plain);
  std::printf("%zu choices, %d wrong\n", model->choices(), wrong);
  return wrong == 0 ? 0 : 3;
}
