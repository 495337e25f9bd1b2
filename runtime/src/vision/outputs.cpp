// Outputs of a network by name, scores, classes.
#include <algorithm>
#include <cmath>
#include <limits>

#include "../order.h"
#include "spec.h"

namespace ceras::detail {

namespace {

std::size_t elements(const Output& output) {
  std::size_t count = 1;
  for (std::size_t extent : *output.shape) count *= extent;
  return count;
}

void softmax(std::vector<float>& scores) {
  float largest = -std::numeric_limits<float>::infinity(), sum = 0;
  for (float score : scores) largest = std::max(largest, score);
  for (float& score : scores) {
    // Infinite logits tie with each other and leave nothing to the rest.
    score = std::exp(score == largest ? 0.0f : score - largest);
    sum += score;
  }
  for (float& score : scores) score /= sum;
}

}  // namespace

bool find_output(const std::vector<Output>& outputs, const std::string* name, const Output*& found, Error& error) {
  found = nullptr;
  if (name == nullptr && outputs.size() == 1) found = &outputs[0];
  for (const Output& output : outputs) {
    if (found == nullptr && name != nullptr && *output.name == *name) found = &output;
  }
  if (found == nullptr) {
    return fail(error, format::kTaskOutput,
                name != nullptr ? "the network has no output \"" + *name + "\""
                                : "the task names no output and the network has several");
  }
  const std::size_t count = elements(*found);
  for (std::size_t at = 0; at < count; ++at) {
    if (std::isnan(found->elements[at])) {
      return fail(error, format::kTaskOutput, "output \"" + *found->name + "\" is NaN at element " + std::to_string(at));
    }
  }
  return true;
}

float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

void activate(Scores activation, std::vector<float>& scores) {
  if (activation == Scores::softmax) return softmax(scores);
  if (activation == Scores::none) return;
  for (float& score : scores) score = sigmoid(score);
}

bool scores_more(float a, float b) { return a > b || (a == b && std::signbit(b) && !std::signbit(a)); }

Error classify(const Task::Spec& spec, const std::vector<Output>& outputs, std::size_t top, std::vector<ClassScore>& classes) {
  Error error;
  const Output* output = nullptr;
  classes.clear();
  if (!find_output(outputs, spec.has_output ? &spec.output : nullptr, output, error)) return error;
  if (elements(*output) != spec.classes) {
    fail(error, format::kTaskOutput,
         "output \"" + *output->name + "\" does not hold one score for each of " + std::to_string(spec.classes) + " classes");
    return error;
  }
  std::vector<float> scores(output->elements, output->elements + spec.classes);
  activate(spec.activation, scores);
  std::vector<std::size_t> order = numbers_to(spec.classes);
  sort_numbers(order, [&](std::size_t a, std::size_t b) { return scores_more(scores[a], scores[b]); });
  for (std::size_t at = 0; at < std::min(top, order.size()); ++at) classes.push_back({order[at], scores[order[at]]});
  return error;
}

}  // namespace ceras::detail
