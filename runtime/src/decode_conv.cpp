// A convolution of the model file, its arrays in WGTS and PRMS, and the proof that its sums fit 32 bits (A4).
#include "decode.h"

namespace ceras::detail {

namespace {

class ConvDecoder {
 public:
  ConvDecoder(const Sections& sections, std::size_t functions, const std::string& place, Error& error)
      : sections_(sections), functions_(functions), place_(place), error_(error) {}

  bool convolution(const Json& form, Conv& conv) {
    const Json *axes = form.get("axes"), *output = form.get("output");
    std::size_t first = 0, count = 0, params = 0;
    if (!fields::known(form, {"axes", "group", "channels", "weights", "params", "output"}) || axes == nullptr ||
        output == nullptr || axes->items.size() != 2 || !axis(axes->items[0], conv.rows) ||
        !axis(axes->items[1], conv.columns) || !fields::size(form.get("group"), conv.group) ||
        !fields::size(form.get("channels"), conv.outputs) || !fields::pair(form.get("weights"), first, count) ||
        !fields::size(form.get("params"), params)) {
      return damaged("its fields");
    }
    const std::uint8_t *weights = nullptr, *bias = nullptr;
    if (!sections_.all[format::kWgts].part(first, count, 1, weights)) return damaged("its weights lie outside");
    conv.weights = reinterpret_cast<const std::int8_t*>(weights);
    const Region& region = sections_.all[format::kPrms];
    if (conv.outputs > format::kMaxExtent || !region.part(params, conv.outputs * 4, 1, bias)) {
      return damaged("its biases lie outside");
    }
    conv.bias.resize(conv.outputs);
    for (std::size_t at = 0; at < conv.outputs; ++at) {
      std::uint32_t number = 0;
      for (int byte = 0; byte < 4; ++byte) number |= std::uint32_t{bias[4 * at + byte]} << (8 * byte);
      conv.bias[at] = static_cast<std::int32_t>(number);
    }
    next_ = params + conv.outputs * 4;
    const std::int8_t* exponents = nullptr;  // for reports; they have to be there
    if (!array(conv, exponents) || !output_stage(*output, conv)) return false;
    return weights_fit(conv, count);
  }

 private:
  bool damaged(std::string_view what) { return fail(error_, format::kCerasFormat, place_, what); }
  bool broken(std::string_view what) { return fail(error_, format::kQuantizedGraph, place_, what); }

  static bool axis(const Json& form, Axis& axis) {
    Shape numbers;
    if (!fields::sizes(&form, numbers) || numbers.size() != 7) return false;
    axis = {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6]};
    return true;
  }

  // The next array of a layer's parameters.
  bool array(const Conv& conv, const std::int8_t*& numbers) {
    const std::uint8_t* begin = nullptr;
    if (!sections_.all[format::kPrms].part(next_, conv.outputs, 1, begin)) return damaged("its parameters lie outside");
    next_ += conv.outputs;
    numbers = reinterpret_cast<const std::int8_t*>(begin);
    return true;
  }

  bool output_stage(const Json& form, Conv& conv) {
    if (!form.is(Json::Kind::object) || form.keys.size() != 1) return damaged("its output");
    const Json& stage = form.items[0];
    if (form.keys[0] == "direct") {
      return (fields::boolean(stage.get("relu"), conv.relu) || damaged("its output")) && array(conv, conv.shifts);
    }
    if (form.keys[0] == "function") {
      conv.output = Conv::Output::function;
      bool fractions = false;
      const Json *residual = stage.get("residual"), *own = stage.get("fractions");
      if (!fields::size(stage.get("function"), conv.function) || conv.function >= functions_ ||
          (own != nullptr && !fields::boolean(own, fractions))) {
        return damaged("its output");
      }
      if (residual != nullptr && !residual->is(Json::Kind::null)) {
        if (residual->text != "before-activation" && residual->text != "after-activation") return damaged("its residual");
        conv.residual = residual->text == "before-activation" ? Residual::before : Residual::after;
      }
      return array(conv, conv.arguments) && array(conv, conv.shifts) && (!fractions || array(conv, conv.fractions));
    }
    conv.output = Conv::Output::dpu;
    const Json* activation = fields::text(stage, "activation");
    if (form.keys[0] != "dpu" || activation == nullptr || !fields::small(stage.get("accumulator_shift"), 0, 24, conv.accumulator_shift) ||
        !fields::small(stage.get("bias_shift"), 0, 16, conv.bias_shift) || !fields::small(stage.get("shift"), 0, 40, conv.shift)) {
      return damaged("its output");
    }
    if (activation->text != "none" && activation->text != "relu" && activation->text != "leaky-relu") return damaged("its activation");
    conv.activation = activation->text == "none"   ? Activation::none
                      : activation->text == "relu" ? Activation::relu
                                                   : Activation::leaky_relu;
    return true;
  }

  // The number of weights, and the proof that no accumulator overflows (A4).
  bool weights_fit(Conv& conv, std::size_t count) {
    const Axis &rows = conv.rows, &columns = conv.columns;
    for (const Axis* axis : {&rows, &columns}) {
      const std::size_t limits[] = {axis->kernel, axis->stride, axis->dilation, axis->output};
      for (std::size_t limit : limits) {
        if (limit == 0 || limit >= format::kMaxExtent) return broken("its window is absurd");
      }
      if (axis->begin >= format::kMaxExtent || axis->end >= format::kMaxExtent || axis->input >= format::kMaxElements) {
        return broken("its window is absurd");
      }
      const std::size_t reach = (axis->kernel - 1) * axis->dilation + (axis->output - 1) * axis->stride;
      if (reach >= axis->input + axis->begin + axis->end) return broken("its window does not fit");
    }
    const std::size_t taps = rows.kernel * columns.kernel;
    const bool grouped = conv.group > 0 && conv.outputs > 0 && conv.outputs % conv.group == 0;
    if (!grouped || count % conv.outputs != 0 || count / conv.outputs % taps != 0) return broken("its number of weights");
    conv.group_inputs = count / conv.outputs / taps;
    const std::size_t own = conv.taps();
    for (std::size_t output = 0; output < conv.outputs; ++output) {
      std::int64_t bound = 0;
      for (std::size_t tap = 0; tap < own; ++tap) {
        const int weight = conv.weights[output * own + tap];
        bound += weight < 0 ? -weight : weight;
      }
      const std::int64_t bias = conv.bias[output];
      if (bound * 128 + (bias < 0 ? -bias : bias) > INT32_MAX) {
        return fail(error_, format::kAccumulator, place_ + ": a sum of products can leave 32 bits");
      }
    }
    return true;
  }

  const Sections& sections_;
  std::size_t functions_;  // how many there are
  const std::string& place_;
  Error& error_;
  std::size_t next_ = 0;  // byte of PRMS behind the arrays that were read
};

}  // namespace

bool decode_conv(const Json& form, const Sections& sections, std::size_t functions, const std::string& place, Conv& conv, Error& error) {
  return ConvDecoder(sections, functions, place, error).convolution(form, conv);
}

}  // namespace ceras::detail
