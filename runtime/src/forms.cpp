#include "forms.h"

#include <algorithm>

namespace ceras::detail {

Forms::Times::Times(std::size_t choices) : back(choices, 0), between(choices + 1, 0) {
  for (auto& own : of) own.assign(choices, 0);
}

Forms::Forms(const Network& network)
    : wanted(network.choices.size(), Form::integer),
      network_(network),
      taken_(network.choices.size(), Form::integer),
      present_(network.values.size(), false),
      largest_(network.choices.size()),
      now_(network.choices.size()),
      maker_(network.values.size(), kNone) {
  for (std::size_t choice = 0; choice < network.choices.size(); ++choice) {
    for (std::size_t output : network.choices[choice].outputs) maker_[output] = choice;
  }
}

bool Forms::is_float(std::size_t value) const {
  const std::size_t floats = network_.values[value].floats;
  return floats != kNone && !present_[value] && present_[floats];
}

void Forms::begin() {
  if (network_.choices.empty()) return;
  std::fill(present_.begin(), present_.end(), false);
  decided_ = 0;
  begin_ = Clock::now();
}

bool Forms::runs(const Step& step) {
  const Step::Condition& when = step.condition;
  while (when.choice != kNone && decided_ <= when.choice) decide(decided_++);
  bool runs = when.choice == kNone || taken_[when.choice] == when.form;
  if (runs && when.unless != kNone) {
    runs = !present_[when.unless];
    present_[when.unless] = true;
  }
  if (runs && measuring_) charge(&step);
  return runs;
}

void Forms::decide(std::size_t choice) {
  const Choice& own = network_.choices[choice];
  const auto floating = [&](std::size_t made) { return taken_[made] == Form::floating; };
  if (own.follows) {
    taken_[choice] = std::all_of(own.reads.begin(), own.reads.end(), floating) ? Form::floating : Form::integer;
  } else {
    taken_[choice] = limit > 0 ? (affords(choice) ? Form::floating : Form::integer) : wanted[choice];
  }
  for (std::size_t output : own.outputs) {
    present_[taken_[choice] == Form::floating ? network_.values[output].floats : output] = true;
  }
}

// Whether the layer may be in float, so that the rest of the frame in integers still ends in time.
bool Forms::affords(std::size_t choice) const {
  const auto cost = [&](Form form, std::size_t of) { return largest_.of[static_cast<int>(form)][of]; };
  double end = seconds() + cost(Form::floating, choice) + largest_.back[choice] + largest_.between[choice + 1];
  for (std::size_t later = choice + 1; later < network_.choices.size(); ++later) {
    // What follows may have to be in float then.
    const bool follows = network_.choices[later].follows;
    end += std::max(cost(Form::integer, later), follows ? cost(Form::floating, later) : 0) + largest_.between[later + 1];
  }
  return end <= limit;
}

// The time since the last step that ran is that one's; `next` is none at the end of a frame.
void Forms::charge(const Step* next) {
  const double now = seconds();
  if (charged_ != nullptr) {
    const Step::Condition& when = charged_->condition;
    const bool back = when.unless < maker_.size() && maker_[when.unless] != kNone;
    double& cost = back                   ? now_.back[maker_[when.unless]]
                   : when.choice == kNone ? now_.between[behind_]
                                          : now_.of[static_cast<int>(when.form)][when.choice];
    cost += now - since_;
  }
  charged_ = next;
  since_ = now;
  behind_ = decided_;
}

void Forms::begin_measuring(Pattern pattern) {
  measuring_ = true;
  pattern_ = pattern;
  charged_ = nullptr;
  now_ = Times(network_.choices.size());
  bool even = true;
  for (std::size_t choice : network_.asked) {
    const bool floating = pattern == Pattern::floats || (even ? pattern == Pattern::even : pattern == Pattern::odd);
    wanted[choice] = floating ? Form::floating : Form::integer;
    even = !even;
  }
}

// Keeps the largest times. A layer in float is measured where what it reads is in integers, as far as that is by turns, a layer
// in integers and what follows where all layers have that form.
void Forms::end_measuring(bool keeps) {
  measuring_ = false;
  charge(nullptr);
  if (!keeps) return;
  const auto keep = [](double& largest, double now) { largest = std::max(largest, now); };
  const bool turns = pattern_ == Pattern::even || pattern_ == Pattern::odd;
  for (std::size_t choice = 0; choice < taken_.size(); ++choice) {
    const int form = static_cast<int>(taken_[choice]);
    const bool floating = taken_[choice] == Form::floating;
    if (turns == (floating && !network_.choices[choice].follows)) keep(largest_.of[form][choice], now_.of[form][choice]);
    if (turns && floating) keep(largest_.back[choice], now_.back[choice]);
  }
  for (std::size_t at = 0; at < largest_.between.size() && !turns; ++at) keep(largest_.between[at], now_.between[at]);
  ++frames_;
}

}  // namespace ceras::detail
