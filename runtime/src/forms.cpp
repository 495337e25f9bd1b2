#include "forms.h"

#include <algorithm>

#include "floats.h"

namespace ceras::detail {

FormBuilder::FormBuilder(Builder& builder)
    : builder_(builder), network_(builder.network), maker_(builder.network.values.size(), Frame::kNone) {}

bool FormBuilder::has_floats(const Operand& operand) const {
  return operand.kind == Operand::Kind::value && network_.values[operand.value].floats != Frame::kNone;
}

bool FormBuilder::layer(const Layer& layer) { return layer.floating || follows(layer) ? both(layer) : plain(layer); }

// What has no numbers of its own has the form of what it reads, where all of that may be in float.
bool FormBuilder::follows(const Layer& layer) const {
  if (layer.kind != LayerKind::move && layer.kind != LayerKind::max_pool) return false;
  bool any = false;
  for (const Operand& operand : layer.inputs) {
    if (operand.kind != Operand::Kind::value) continue;
    any = true;
    if (!has_floats(operand)) return false;
  }
  return any;
}

Layer FormBuilder::in_float(const Layer& layer) const {
  Layer own;
  own.name = layer.name;
  own.kind = LayerKind::floating;
  own.op = layer.op;
  own.attributes = layer.attributes;
  own.inputs = layer.inputs;
  own.outputs = layer.outputs;
  for (Operand& operand : own.inputs) {
    if (has_floats(operand)) operand.value = network_.values[operand.value].floats;
  }
  return own;
}

// Brings what a layer reads into a form, where the frame has not got it in that.
void FormBuilder::convert(const Layer& layer, Form wanted, Step::Condition when) {
  std::vector<std::size_t> done;
  for (const Operand& operand : layer.inputs) {
    if (!has_floats(operand) || std::find(done.begin(), done.end(), operand.value) != done.end()) continue;
    done.push_back(operand.value);
    const std::size_t floats = network_.values[operand.value].floats;
    when.unless = wanted == Form::floating ? floats : operand.value;
    builder_.condition = when;
    if (wanted == Form::floating) {
      add_dequantized(builder_, operand.value, floats);
    } else {
      add_quantized(builder_, floats, operand.value);
    }
  }
}

bool FormBuilder::plain(const Layer& layer) {
  const bool floating = layer.kind == LayerKind::floating;
  convert(layer, floating ? Form::floating : Form::integer, {});
  builder_.condition = {};
  return build_layer(builder_, floating ? in_float(layer) : layer);
}

bool FormBuilder::both(const Layer& layer) {
  Choice choice;
  choice.name = layer.name;
  choice.follows = !layer.floating;
  choice.outputs = layer.outputs;
  for (const Operand& operand : layer.inputs) {
    if (choice.follows && operand.kind == Operand::Kind::value) choice.reads.push_back(maker_[operand.value]);
  }
  const std::size_t own = network_.choices.size();
  network_.choices.push_back(choice);
  for (std::size_t output : layer.outputs) {
    maker_[output] = own;
    Value floats;
    floats.shape = network_.values[output].shape;
    floats.channels_last = network_.values[output].channels_last;
    floats.born = -1;
    network_.values[output].floats = network_.values.size();
    network_.values.push_back(floats);
  }
  convert(layer, Form::integer, {own, Form::integer, Frame::kNone});
  builder_.condition = {own, Form::integer, Frame::kNone};
  if (!build_layer(builder_, layer)) return false;
  Layer floating = in_float(layer.floating ? *layer.floating : layer);
  for (std::size_t& output : floating.outputs) output = network_.values[output].floats;
  convert(layer.floating ? *layer.floating : layer, Form::floating, {own, Form::floating, Frame::kNone});
  builder_.condition = {own, Form::floating, Frame::kNone};
  const bool built = build_layer(builder_, floating);
  builder_.condition = {};
  return built;
}

void FormBuilder::outputs() {
  for (std::size_t output : network_.outputs) {
    const std::size_t floats = network_.values[output].floats;
    if (floats == Frame::kNone) continue;
    builder_.condition = {Frame::kNone, Form::integer, output};
    add_quantized(builder_, floats, output);
  }
  builder_.condition = {};
}

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
      maker_(network.values.size(), Frame::kNone) {
  for (std::size_t choice = 0; choice < network.choices.size(); ++choice) {
    for (std::size_t output : network.choices[choice].outputs) maker_[output] = choice;
  }
}

bool Forms::is_float(std::size_t value) const {
  const std::size_t floats = network_.values[value].floats;
  return floats != Frame::kNone && !present_[value] && present_[floats];
}

void Forms::begin() {
  if (network_.choices.empty()) return;
  std::fill(present_.begin(), present_.end(), false);
  decided_ = 0;
  begin_ = Clock::now();
}

bool Forms::runs(const Step& step) {
  const Step::Condition& when = step.condition;
  while (when.choice != Frame::kNone && decided_ <= when.choice) decide(decided_++);
  bool runs = when.choice == Frame::kNone || taken_[when.choice] == when.form;
  if (runs && when.unless != Frame::kNone) {
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
    const bool back = when.unless < maker_.size() && maker_[when.unless] != Frame::kNone;
    double& cost = back                            ? now_.back[maker_[when.unless]]
                   : when.choice == Frame::kNone ? now_.between[behind_]
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
