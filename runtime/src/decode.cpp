// GRPH and the arrays that it points into, to a graph. Every position and range is checked here.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <utility>

#include "decode.h"

namespace ceras::detail {

namespace {

class Decoder {
 public:
  Decoder(const Sections& sections, Network& network, Error& error)
      : sections_(sections), network_(network), error_(error) {}

  bool graph() {
    Json form;
    if (!parse(format::kMeta, form)) return false;
    if (!fields::known(form, {"tool", "source", "task", "report"}) || fields::text(form, "tool") == nullptr) return damaged("section META");
    const Region& meta = sections_.all[format::kMeta];
    network_.meta.assign(reinterpret_cast<const char*>(meta.bytes), meta.size);
    const Json& graph = network_.graph_form;
    if (!parse(format::kGrph, network_.graph_form)) return false;
    place_ = "section GRPH";
    if (!fields::known(graph, {"name", "rounding", "values", "functions", "layers", "inputs", "outputs"})) return damaged("its fields");
    const Json *name = fields::text(graph, "name"), *rounding = fields::text(graph, "rounding");
    if (name == nullptr || rounding == nullptr) return damaged("name or rounding is missing");
    network_.name = name->text;
    if (rounding->text != "half-up" && rounding->text != "half-even") return damaged("an unknown rounding");
    network_.rounding = rounding->text == "half-up" ? Rounding::half_up : Rounding::half_even;
    return each(graph, "values", &Decoder::value) && each(graph, "functions", &Decoder::function) &&
           each(graph, "layers", &Decoder::layer) && each(graph, "inputs", &Decoder::input) &&
           each(graph, "outputs", &Decoder::output) && floats();
  }

 private:
  bool damaged(std::string_view what) { return fail(error_, format::kCerasFormat, place_, what); }

  bool parse(int tag, Json& form) {
    const Region& region = sections_.all[tag];
    std::string problem;
    place_ = std::string("section ") + format::kTagLetters[tag];
    if (!parse_json(reinterpret_cast<const char*>(region.bytes), region.size, form, problem)) return damaged(problem);
    return form.is(Json::Kind::object) || damaged("no object");
  }

  bool each(const Json& form, const char* key, bool (Decoder::*one)(const Json&)) {
    const Json* list = form.get(key);
    if (list == nullptr || !list->is(Json::Kind::array)) return damaged(std::string(key) + " is missing");
    for (const Json& item : list->items) {
      if (!(this->*one)(item)) return false;
    }
    place_ = "section GRPH";
    return true;
  }

  bool value(const Json& form) {
    place_ = "value " + std::to_string(network_.values.size());
    Value& value = network_.values.emplace_back();
    const Json* name = fields::text(form, "name");
    std::size_t count = 0;
    if (!fields::known(form, {"name", "shape", "integer"}) || name == nullptr || !fields::sizes(form.get("shape"), value.shape)) {
      return damaged("its fields");
    }
    value.name = name->text;
    place_ = "value \"" + value.name + "\"";
    if (!fields::elements(value.shape, count)) return damaged("its shape");
    const Json* integer = form.get("integer");
    return integer == nullptr || scales(*integer, value);
  }

  bool scales(const Json& form, Value& value) {
    std::size_t first = 0;
    if (!form.is(Json::Kind::array) || form.items.size() != 2 || !fields::size(&form.items[1], first)) return damaged("its integers");
    const std::string& width = form.items[0].text;
    if (width != "i8" && width != "i16" && width != "i32") return damaged("its width");
    value.type = width == "i8" ? Type::i8 : width == "i16" ? Type::i16 : Type::i32;
    const std::uint8_t* pairs = nullptr;
    if (!sections_.all[format::kScls].part(first, value.channels(), 2, pairs)) return damaged("its scales lie outside");
    value.scales.resize(value.channels());
    for (std::size_t at = 0; at < value.scales.size(); ++at) {
      value.scales[at] = {static_cast<std::int8_t>(pairs[2 * at]), static_cast<std::int8_t>(pairs[2 * at + 1])};
      if (value.scales[at].exponent < -32 || value.scales[at].exponent > 31) return broken("an exponent is out of range");
    }
    return true;
  }

  bool broken(std::string_view what) { return fail(error_, format::kQuantizedGraph, place_, what); }

  bool function(const Json& form) {
    place_ = "function " + std::to_string(network_.functions.size());
    Function& own = network_.functions.emplace_back();
    const Json *layout = fields::text(form, "layout"), *base = form.get("base");
    std::size_t first = 0, count = 0;
    const bool fields = fields::known(form, {"name", "base", "layout", "signed", "rom", "unit"}) && fields::text(form, "name") != nullptr;
    if (!fields || layout == nullptr || base == nullptr || !fields::boolean(form.get("signed"), own.is_signed) ||
        !fields::pair(form.get("rom"), first, count)) {
      return damaged("its fields");
    }
    if (layout->text != "none" && layout->text != "two-segments" && layout->text != "uniform") return damaged("its layout");
    own.layout = layout->text == "none"           ? RomLayout::none
                 : layout->text == "two-segments" ? RomLayout::two_segments
                                                  : RomLayout::uniform;
    if (!straight(*base, own)) return damaged("its base");
    if (const Json* unit = form.get("unit")) {
      if (!fields::known(*unit, {"fraction", "gain"}) || !fields::small(unit->get("fraction"), -128, 127, own.fraction) ||
          !fields::small(unit->get("gain"), -128, 127, own.gain)) {
        return damaged("its unit");
      }
    }
    const std::uint8_t* bytes = nullptr;
    if (!sections_.all[format::kFunc].part(first, count, 2, bytes)) return damaged("its ROM lies outside");
    network_.roms.emplace_back(count);
    for (std::size_t at = 0; at < count; ++at) {
      network_.roms.back()[at] = static_cast<std::int16_t>(bytes[2 * at] | (bytes[2 * at + 1] << 8));
    }
    own.rom = network_.roms.back().data();
    const auto exists = [](int fraction) { return fraction >= format::kLeastFraction && fraction <= format::kMostFraction; };
    if (count != static_cast<std::size_t>(own.entries()) * (own.is_signed ? 2 : 1) || !exists(own.fraction) ||
        !exists(own.fraction + own.gain) || (own.gain != 0 && own.base != Base::zero)) {
      return broken("a ROM of another size or a fixed point that does not exist");
    }
    return true;
  }

  bool straight(const Json& base, Function& own) {
    if (base.is(Json::Kind::string)) {
      own.base = base.text == "zero" ? Base::zero : base.text == "relu" ? Base::relu : Base::identity;
      return base.text == "zero" || base.text == "relu" || base.text == "identity";
    }
    if (!base.is(Json::Kind::object) || base.items.size() != 1) return false;
    const Json& constants = base.items[0];
    if (base.keys[0] == "clamp") {
      own.base = Base::clamp;
      return fields::small(constants.get("min"), INT32_MIN, INT32_MAX, own.low) &&
             fields::small(constants.get("max"), INT32_MIN, INT32_MAX, own.high) && own.low <= own.high;
    }
    own.base = Base::leaky;
    return base.keys[0] == "leaky" && fields::small(constants.get("slope"), 0, 255, own.slope);
  }

  // Layers in float besides their integer form.
  bool floats() {
    Json& form = network_.float_form;
    if (sections_.all[format::kFlts].bytes == nullptr) return true;
    if (!parse(format::kFlts, form)) return false;
    const Json* layers = form.get("layers");
    if (!fields::known(form, {"layers"}) || layers == nullptr || layers->items.empty()) return damaged("its fields");
    return each(form, "layers", &Decoder::floating);
  }

  bool floating(const Json& form) {
    std::size_t at = 0;
    place_ = "section FLTS";
    const Json *op = form.get("op"), *inputs = form.get("inputs");
    if (!fields::known(form, {"layer", "op", "inputs"}) || op == nullptr || inputs == nullptr || !inputs->is(Json::Kind::array) ||
        !fields::size(form.get("layer"), at)) {
      return damaged("its fields");
    }
    if (at < next_floating_ || at >= network_.layers.size()) return broken("a layer that there is not, or in another order");
    next_floating_ = at + 1;
    Layer& layer = network_.layers[at];
    place_ = "layer \"" + layer.name + "\" in float";
    const LayerKind computing[] = {LayerKind::conv, LayerKind::add, LayerKind::channel_mul, LayerKind::dpu_add, LayerKind::rescale};
    const bool computes = std::find(std::begin(computing), std::end(computing), layer.kind) != std::end(computing);
    if (!computes || layer.outputs.size() != 1) return broken("it does not compute one result in integers");
    auto own = std::make_shared<Layer>();
    own->name = layer.name;
    own->kind = LayerKind::floating;
    own->outputs = layer.outputs;
    for (const Json& item : inputs->items) {
      own->inputs.emplace_back();
      if (!operand(item, own->inputs.back())) return damaged("an input does not exist");
      if (!reads(layer, own->inputs.back())) return broken("it reads what its integer form does not");
    }
    if (!float_operator(*op, *own)) return false;
    layer.floating = std::move(own);
    return true;
  }

  // Whether a layer reads the value that an operand is.
  static bool reads(const Layer& layer, const Operand& operand) {
    const auto same = [&](const Operand& own) { return own.kind == Operand::Kind::value && own.value == operand.value; };
    return operand.kind != Operand::Kind::value || std::any_of(layer.inputs.begin(), layer.inputs.end(), same);
  }

  bool position(const Json* form, std::size_t& index) {
    return fields::size(form, index) && index < network_.values.size();
  }

  bool input(const Json& form) {
    std::size_t index = 0;
    if (!position(&form, index)) return damaged("an input does not exist");
    network_.inputs.push_back(index);
    return true;
  }

  bool output(const Json& form) {
    std::size_t index = 0;
    if (!form.is(Json::Kind::array) || form.items.size() != 2 || !position(&form.items[1], index) ||
        !form.items[0].is(Json::Kind::string)) {
      return damaged("an output does not exist");
    }
    network_.output_names.push_back(form.items[0].text);
    network_.outputs.push_back(index);
    return true;
  }

  bool layer(const Json& form) {
    place_ = "layer " + std::to_string(network_.layers.size());
    Layer& layer = network_.layers.emplace_back();
    const Json *name = fields::text(form, "name"), *op = form.get("op"), *inputs = form.get("inputs"), *outputs = form.get("outputs");
    const bool fields = fields::known(form, {"name", "op", "inputs", "outputs", "sources"}) && op != nullptr;
    if (!fields || name == nullptr || inputs == nullptr || !inputs->is(Json::Kind::array)) return damaged("its fields");
    layer.name = name->text;
    place_ = "layer \"" + layer.name + "\"";
    for (const Json& item : inputs->items) {
      layer.inputs.emplace_back();
      if (!operand(item, layer.inputs.back())) return damaged("an input does not exist");
    }
    if (!fields::sizes(outputs, layer.outputs)) return damaged("its outputs");
    for (std::size_t index : layer.outputs) {
      if (index >= network_.values.size()) return damaged("an output does not exist");
    }
    return operation(*op, layer);
  }

  static std::size_t constant_bytes(const std::string& dtype) {
    if (dtype == "i64" || dtype == "u64") return 8;
    if (dtype == "f32" || dtype == "i32" || dtype == "u32") return 4;
    if (dtype == "i16" || dtype == "u16") return 2;
    return dtype == "i8" || dtype == "u8" || dtype == "bool" ? 1 : 0;
  }

  bool operand(const Json& form, Operand& operand) {
    if (form.is(Json::Kind::null)) return true;
    if (form.is(Json::Kind::number)) {
      operand.kind = Operand::Kind::value;
      return position(&form, operand.value);
    }
    std::size_t offset = 0;
    const Json* dtype = fields::text(form, "dtype");
    if (!fields::known(form, {"dtype", "shape", "offset"}) || dtype == nullptr || !fields::sizes(form.get("shape"), operand.shape) ||
        !fields::size(form.get("offset"), offset) || !fields::elements(operand.shape, operand.elements)) {
      return false;
    }
    operand.kind = Operand::Kind::constant;
    operand.dtype = dtype->text;
    const std::size_t width = constant_bytes(operand.dtype);
    return width > 0 && sections_.all[format::kCnst].part(offset, operand.elements * width, 1, operand.data);
  }

  bool operation(const Json& op, Layer& layer) {
    struct Named {
      const char* name;
      LayerKind kind;
    };
    static constexpr Named kPlain[] = {{"add", LayerKind::add},
                                       {"channel-mul", LayerKind::channel_mul},
                                       {"dpu-add", LayerKind::dpu_add},
                                       {"rescale", LayerKind::rescale}};
    static constexpr Named kWithOperator[] = {
        {"max-pool", LayerKind::max_pool}, {"move", LayerKind::move}, {"float", LayerKind::floating}};
    for (const auto& own : kPlain) {
      if (op.is(Json::Kind::string) && op.text == own.name) {
        layer.kind = own.kind;
        return true;
      }
    }
    if (op.is(Json::Kind::object) && op.keys.size() == 1) {
      if (op.keys[0] == "conv") return decode_conv(op.items[0], sections_, network_.functions.size(), place_, layer.conv, error_);
      for (const auto& own : kWithOperator) {
        if (op.keys[0] == own.name) {
          layer.kind = own.kind;
          return float_operator(op.items[0], layer);
        }
      }
    }
    const std::string name = op.is(Json::Kind::string) ? op.text : op.keys.size() == 1 ? op.keys[0] : "?";
    return fail(error_, format::kRuntimeOperator, place_ + ": operator \"" + name + "\" is unknown to this library");
  }

  bool float_operator(const Json& form, Layer& layer) {
    if (form.is(Json::Kind::string)) {
      layer.op = form.text;
      return true;
    }
    if (!form.is(Json::Kind::object) || form.keys.size() != 1) return damaged("its operator");
    layer.op = form.keys[0];
    layer.attributes = &form.items[0];
    return true;
  }

  const Sections& sections_;
  Network& network_;
  Error& error_;
  std::string place_;
  std::size_t next_floating_ = 0;  // first layer that the next float form may be of
};

}  // namespace

bool decode_graph(const Sections& sections, Network& network, Error& error) {
  return Decoder(sections, network, error).graph();
}

}  // namespace ceras::detail
