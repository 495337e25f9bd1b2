// A part of a network: the layers on the way from known values to wanted ones.
#include <algorithm>
#include <utility>

#include "container.h"
#include "graph.h"
#include "order.h"

namespace ceras::detail {

namespace {

bool find_value(const Network& network, const std::string& name, std::size_t& index, Error& error) {
  const auto named = [&](const Value& value) { return value.name == name; };
  const auto found = std::find_if(network.values.begin(), network.values.end(), named);
  index = static_cast<std::size_t>(found - network.values.begin());
  return found != network.values.end() || fail(error, format::kShape, "the network has no value \"" + name + "\"");
}

}  // namespace

bool cut_part(Network& network, const std::vector<std::string>& given, const std::vector<std::string>& wanted, Error& error) {
  Flags known(network.values.size(), false), seen(network.values.size(), false);
  std::vector<std::size_t> maker(network.values.size(), kNone), open = network.outputs;
  for (std::size_t index : network.inputs) known[index] = true;
  for (const std::string& name : given) {
    std::size_t index = 0;
    if (!find_value(network, name, index, error)) return false;
    known[index] = true;
  }
  if (!wanted.empty()) {
    open.clear();
    for (const std::string& name : wanted) {
      open.push_back(0);
      if (!find_value(network, name, open.back(), error)) return false;
    }
    network.outputs = open;
    network.output_names = wanted;
  }
  for (std::size_t at = 0; at < network.layers.size(); ++at) {
    for (std::size_t output : network.layers[at].outputs) maker[output] = at;
  }
  Flags needed(network.layers.size(), false);
  network.inputs.clear();
  while (!open.empty()) {
    const std::size_t index = open.back();
    open.pop_back();
    if (seen[index]) continue;
    seen[index] = true;
    if (known[index]) {
      network.inputs.push_back(index);
    } else if (maker[index] == kNone) {
      return fail(error, format::kQuantizedGraph, "value \"" + network.values[index].name + "\" is never computed");
    } else {
      needed[maker[index]] = true;
      for (const Operand& operand : network.layers[maker[index]].inputs) {
        if (operand.kind == Operand::Kind::value) open.push_back(operand.value);
      }
    }
  }
  // A layer with several outputs may be needed for one of them and make a known one too.
  const auto is_made = [&](std::size_t index) { return maker[index] != kNone && needed[maker[index]]; };
  network.inputs.erase(std::remove_if(network.inputs.begin(), network.inputs.end(), is_made), network.inputs.end());
  sort_numbers(network.inputs, [](std::size_t a, std::size_t b) { return a < b; });
  std::vector<Layer> layers;
  for (std::size_t at = 0; at < network.layers.size(); ++at) {
    if (needed[at]) layers.push_back(std::move(network.layers[at]));
  }
  network.layers = std::move(layers);
  return true;
}

}  // namespace ceras::detail
