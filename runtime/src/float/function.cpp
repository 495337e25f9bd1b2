#include "function.h"

#include <limits>

namespace ceras::detail {

void FloatFunction::apply(const KernelSet& kernels, float* values, std::size_t count) const {
  if (kind == Kind::sigmoid) return kernels.sigmoid(values, count);
  if (kind == Kind::silu) return kernels.silu(values, count);
  for (std::size_t at = 0; at < count; ++at) values[at] = mapped(*this, values[at]);
}

bool read_real(const Json* form, float& number) {
  if (form == nullptr) return false;
  const float infinity = std::numeric_limits<float>::infinity();
  if (form->is(Json::Kind::string)) {
    number = form->text == "inf" ? infinity : form->text == "-inf" ? -infinity : std::numeric_limits<float>::quiet_NaN();
    return form->text == "inf" || form->text == "-inf" || form->text == "nan";
  }
  number = static_cast<float>(form->number);
  return form->is(Json::Kind::number);
}

const char* read_function(const Json& form, FloatFunction& function) {
  static constexpr struct {
    const char *name, *first, *second;
  } kNames[] = {{"relu", nullptr, nullptr},    {"clamp", "min", "max"},         {"leaky-relu", "alpha", nullptr},
                {"sigmoid", nullptr, nullptr}, {"silu", nullptr, nullptr},      {"hard-sigmoid", "alpha", "beta"},
                {"hard-swish", nullptr, nullptr}, {"mish", nullptr, nullptr},   {"gelu", nullptr, nullptr},
                {"elu", "alpha", nullptr},     {"selu", "alpha", "gamma"},      {"celu", "alpha", nullptr},
                {"square", "factor", nullptr}, {"tanh", nullptr, nullptr},      {"softplus", nullptr, nullptr},
                {"softsign", nullptr, nullptr}, {"erf", nullptr, nullptr},      {"exp", nullptr, nullptr},
                {"log", nullptr, nullptr},     {"sqrt", nullptr, nullptr},      {"reciprocal", nullptr, nullptr},
                {"abs", nullptr, nullptr},     {"neg", nullptr, nullptr},       {"floor", nullptr, nullptr},
                {"ceil", nullptr, nullptr},    {"round", nullptr, nullptr}};
  const bool constants = form.is(Json::Kind::object) && form.keys.size() == 1;
  const std::string name = constants ? form.keys[0] : form.is(Json::Kind::string) ? form.text : "";
  for (std::size_t at = 0; at < std::size(kNames); ++at) {
    if (name != kNames[at].name) continue;
    function.kind = static_cast<FloatMap::Kind>(at);
    const Json* own = constants ? &form.items[0] : nullptr;
    if (kNames[at].first && (own == nullptr || !read_real(own->get(kNames[at].first), function.first))) return "its constants";
    if (kNames[at].second && !read_real(own->get(kNames[at].second), function.second)) return "its constants";
    const Json* flag = own != nullptr ? own->get("tanh") : nullptr;
    function.flag = flag != nullptr && flag->flag;
    if (function.kind == FloatMap::Kind::gelu && flag == nullptr) return "its constants";
    return nullptr;
  }
  return "its activation function";
}

}  // namespace ceras::detail
