// Steps of layers, of those with two forms in both of them.
#ifndef CERAS_FORM_BUILDER_H
#define CERAS_FORM_BUILDER_H

#include "steps.h"

namespace ceras::detail {

// What a layer in float computes is a float value beside the integer one; where a reader wants the other form, a step brings it,
// once a frame.
class FormBuilder {
 public:
  explicit FormBuilder(Builder& builder);
  bool layer(const Layer& layer);
  // The network's outputs leave in the form that the file says.
  void outputs();

 private:
  bool follows(const Layer& layer) const;
  bool both(const Layer& layer);
  bool plain(const Layer& layer);
  void convert(const Layer& layer, Form wanted, Step::Condition when);
  Layer in_float(const Layer& layer) const;
  bool has_floats(const Operand& operand) const;

  Builder& builder_;
  Network& network_;
  std::vector<std::size_t> maker_;  // by value: the choice that computes it
};

}  // namespace ceras::detail

#endif
