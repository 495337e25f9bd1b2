// The public interface: opening, running, reading.
#include <algorithm>
#include <utility>

#include "container.h"
#include "forms.h"
#include "steps.h"

namespace ceras {

using detail::Network;

Model::Model(std::unique_ptr<Network> network) : network_(std::move(network)) {}
Model::~Model() = default;

namespace {

const detail::KernelSet* choose(Kernels wanted) {
  const detail::KernelSet* sets[] = {detail::vbmi_kernels(), detail::vnni_kernels(), detail::avx2_kernels(), detail::neon_kernels()};
  const Kernels names[] = {Kernels::avx512_vbmi, Kernels::avx512_vnni, Kernels::avx2, Kernels::neon};
  for (int at = 0; at < 4; ++at) {
    if (sets[at] != nullptr && (wanted == Kernels::best || wanted == names[at])) return sets[at];
  }
  return wanted == Kernels::best || wanted == Kernels::portable ? &detail::kPortable : nullptr;
}

}  // namespace

namespace {

// `cut` takes layers away between decoding and building.
template <typename Cut>
std::unique_ptr<Network> open_network(const void* bytes, std::size_t size, Error& error, Kernels kernels, const Cut& cut) {
  error = Error();
  auto network = std::make_unique<Network>();
  network->kernels = choose(kernels);
  if (network->kernels == nullptr) {
    detail::fail(error, format::kRuntimeOperator, "this processor has not the instructions of the kernels asked for");
    return nullptr;
  }
  detail::Sections sections;
  const bool opened = detail::read_container(static_cast<const std::uint8_t*>(bytes), size, sections, error) &&
                      detail::decode_graph(sections, *network, error) && cut(*network) && detail::build_steps(*network, error);
  if (!opened) network.reset();
  return network;
}

}  // namespace

std::unique_ptr<Model> Model::open(const void* bytes, std::size_t size, Error& error, Kernels kernels) {
  auto network = open_network(bytes, size, error, kernels, [](Network&) { return true; });
  return network ? std::unique_ptr<Model>(new Model(std::move(network))) : nullptr;
}

std::unique_ptr<Model> Model::open_part(const void* bytes, std::size_t size, const std::vector<std::string>& given,
                                        const std::vector<std::string>& wanted, Error& error, Kernels kernels) {
  const auto cut = [&](Network& network) { return detail::cut_part(network, given, wanted, error); };
  auto network = open_network(bytes, size, error, kernels, cut);
  return network ? std::unique_ptr<Model>(new Model(std::move(network))) : nullptr;
}

std::unique_ptr<Model> Model::open_inputs(const void* bytes, std::size_t size, Error& error) {
  const auto cut = [](Network& network) {
    network.layers.clear();
    network.outputs = network.inputs;
    network.output_names.clear();
    for (std::size_t index : network.inputs) network.output_names.push_back(network.values[index].name);
    return true;
  };
  auto network = open_network(bytes, size, error, Kernels::best, cut);
  return network ? std::unique_ptr<Model>(new Model(std::move(network))) : nullptr;
}

std::unique_ptr<Model> Model::open_file(const char* path, Error& error, Kernels kernels) {
  error = Error();
  std::vector<std::uint8_t> bytes;
  if (!detail::read_whole(path, bytes, error)) return nullptr;
  return open(bytes.data(), bytes.size(), error, kernels);
}

std::size_t Model::inputs() const { return network_->inputs.size(); }
std::size_t Model::outputs() const { return network_->outputs.size(); }
std::size_t Model::values() const { return network_->file_values; }
const Tensor& Model::input(std::size_t index) const { return network_->values[network_->inputs[index]]; }
const Tensor& Model::output(std::size_t index) const { return network_->values[network_->outputs[index]]; }
const std::string& Model::output_name(std::size_t index) const { return network_->output_names[index]; }
const Tensor& Model::value(std::size_t index) const { return network_->values[index]; }
std::size_t Model::choices() const { return network_->asked.size(); }
const std::string& Model::choice_name(std::size_t index) const { return network_->choices[network_->asked[index]].name; }
const std::string& Model::meta() const { return network_->meta; }
std::size_t Model::arena_bytes() const { return network_->arena_bytes; }
std::size_t Model::scratch_bytes() const { return network_->scratch_bytes; }
const char* Model::kernels() const { return network_->kernels->name; }

struct Context::State {
  const Network& network;
  Pool* pool;
  std::vector<std::uint8_t> memory;
  std::uint8_t* arena = nullptr;
  std::uint8_t* scratch = nullptr;
  detail::Flags given;
  Observer observer = nullptr;
  void* data = nullptr;
  detail::Forms forms;
};

Context::Context(const Model& model, Pool* pool) {
  constexpr std::size_t kLine = 64;
  const Network& network = model.network();
  state_.reset(new State{network, pool, {}, nullptr, nullptr, detail::Flags(network.inputs.size(), false), nullptr, nullptr,
                         detail::Forms(network)});
  const std::size_t threads = pool != nullptr && pool->threads() > 1 ? static_cast<std::size_t>(pool->threads()) : 1;
  const std::size_t arena = (network.arena_bytes + kLine - 1) / kLine * kLine;
  state_->memory.resize(arena + threads * network.scratch_bytes + kLine + detail::kSlack);
  std::uint8_t* begin = state_->memory.data();
  begin += (kLine - reinterpret_cast<std::uintptr_t>(begin) % kLine) % kLine;
  state_->arena = begin;
  state_->scratch = begin + arena;
}

Context::~Context() = default;

Error Context::set_input(std::size_t index, const float* elements) {
  Error error;
  const Network& network = state_->network;
  if (index >= network.inputs.size()) {
    detail::fail(error, format::kShape, "there is no input " + std::to_string(index));
    return error;
  }
  const detail::Value& value = network.values[network.inputs[index]];
  if (!detail::write_floats(value, detail::Frame(network, state_->arena, state_->scratch, state_->pool), elements)) {
    detail::fail(error, format::kNonFinite, "input \"" + value.name + "\" holds NaN or infinity");
    return error;
  }
  state_->given[index] = true;
  return error;
}

Error Context::set_input_raw(std::size_t index, const std::int8_t* elements) {
  Error error;
  const Network& network = state_->network;
  if (index >= network.inputs.size() || network.values[network.inputs[index]].type != Type::i8) {
    detail::fail(error, format::kShape, "there is no int8 input " + std::to_string(index));
    return error;
  }
  const detail::Value& value = network.values[network.inputs[index]];
  detail::write_raw(value, elements, state_->arena + value.offset);
  state_->given[index] = true;
  return error;
}

Error Context::set_input_raw(std::size_t index, const std::int32_t* elements) {
  Error error;
  const Network& network = state_->network;
  if (index >= network.inputs.size() || !network.values[network.inputs[index]].is_integer()) {
    detail::fail(error, format::kShape, "there is no integer input " + std::to_string(index));
    return error;
  }
  const detail::Value& value = network.values[network.inputs[index]];
  detail::write_raw(value, elements, state_->arena + value.offset);
  state_->given[index] = true;
  return error;
}

Error Context::run() {
  Error error;
  const Network& network = state_->network;
  for (std::size_t at = 0; at < network.inputs.size(); ++at) {
    if (!state_->given[at]) {
      detail::fail(error, format::kShape, "input \"" + network.values[network.inputs[at]].name + "\" is not given");
      return error;
    }
    state_->given[at] = false;
  }
  detail::Frame frame(network, state_->arena, state_->scratch, state_->pool);
  const auto seen = [&](const std::vector<std::size_t>& values) {
    if (state_->observer == nullptr) return;
    for (std::size_t value : values) state_->observer(state_->data, *this, value);
  };
  seen(network.inputs);
  state_->forms.begin();
  for (const auto& step : network.steps) {
    if (!state_->forms.runs(*step)) continue;
    step->run(frame);
    if (frame.not_finite != detail::kNone) {
      const std::string& name = network.values[frame.not_finite].name;
      detail::fail(error, format::kNonFinite, "\"" + name + "\" holds NaN or infinity and cannot be quantized");
      return error;
    }
    seen(step->computed);
  }
  return error;
}

namespace {

Error no_choice(std::string_view what) {
  Error error;
  detail::fail(error, format::kFloatForm, what);
  return error;
}

}  // namespace

Error Context::choose(std::size_t choice, Form form) {
  const Network& network = state_->network;
  if (choice >= network.asked.size()) return no_choice("the file has no choice " + std::to_string(choice));
  state_->forms.wanted[network.asked[choice]] = form;
  return Error();
}

Error Context::choose(Form form) {
  if (state_->network.asked.empty()) return no_choice("the file holds no layer in float besides integers");
  std::fill(state_->forms.wanted.begin(), state_->forms.wanted.end(), form);
  return Error();
}

Error Context::limit_time(double seconds) {
  if (seconds > 0 && !state_->forms.is_measured()) return no_choice("no time was measured that could be limited");
  state_->forms.limit = seconds > 0 ? seconds : 0;
  return Error();
}

Error Context::measure(const float* const* inputs, int frames) {
  detail::Forms& forms = state_->forms;
  if (state_->network.asked.empty()) return no_choice("the file holds no layer in float besides integers");
  const std::vector<Form> wanted = forms.wanted;
  const double limit = std::exchange(forms.limit, 0);
  Error error;
  // The first frame of each kind finds caches cold.
  for (int run = 0; run < detail::Forms::kPatterns * (frames + 1) && !error; ++run) {
    for (std::size_t at = 0; at < state_->network.inputs.size() && !error; ++at) error = set_input(at, inputs[at]);
    if (error) break;
    forms.begin_measuring(static_cast<detail::Forms::Pattern>(run % detail::Forms::kPatterns));
    error = this->run();
    forms.end_measuring(run >= detail::Forms::kPatterns);
  }
  forms.wanted = wanted;
  forms.limit = limit;
  return error;
}

Form Context::form(std::size_t choice) const { return state_->forms.taken(state_->network.asked[choice]); }

bool Context::is_float(std::size_t value) const { return state_->forms.is_float(value); }

void Context::read_value(std::size_t index, float* elements) const {
  const detail::Value& value = state_->network.values[index];
  const detail::Value& own = is_float(index) ? state_->network.values[value.floats] : value;
  detail::read_floats(own, state_->arena, elements);
}

void Context::read_value_raw(std::size_t index, std::int32_t* elements) const {
  const detail::Value& value = state_->network.values[index];
  if (is_float(index)) {
    const detail::Value& floats = state_->network.values[value.floats];
    detail::read_rounded(value, floats, state_->network.rounding, state_->arena, elements);
  } else {
    detail::read_raw(value, state_->arena, elements);
  }
}

void Context::read_output(std::size_t index, float* elements) const { read_value(state_->network.outputs[index], elements); }

void Context::read_output_raw(std::size_t index, std::int32_t* elements) const {
  read_value_raw(state_->network.outputs[index], elements);
}

void Context::observe(Observer observer, void* data) {
  state_->observer = observer;
  state_->data = data;
}

}  // namespace ceras
