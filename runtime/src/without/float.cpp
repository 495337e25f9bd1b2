// In the place of src/float, in a library without layers in float.
#include "../form_builder.h"
#include "../movement.h"

namespace ceras::detail {

FormBuilder::FormBuilder(Builder& builder) : builder_(builder), network_(builder.network) {}
bool FormBuilder::layer(const Layer& layer) { return build_layer(builder_, layer); }
void FormBuilder::outputs() {}

bool build_float(Builder& builder, const Layer& layer) {
  return builder.unsupported("\"" + layer.op + "\" in float, and this library was built without layers in float");
}

bool moves_floats(const std::string&) { return false; }
bool plan_repetition(Builder& builder, const Layer&, const Value&, const Value&, Copy&) { return builder.broken("no movement of floats"); }

}  // namespace ceras::detail
