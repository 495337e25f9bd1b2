#include "seigo/host.h"

#include <algorithm>
#include <utility>

#include "seigo/error.h"
#include "seigo/json.h"
#include "seigo/sha256.h"

namespace seigo {

namespace {

constexpr char kModel[] = "model.ceras";
constexpr char kManifest[] = "manifest.json";

std::string coded(const ceras::Error& error) {
  const std::string number = std::to_string(error.code);
  return error.message + " (SG" + std::string(4 - std::min<size_t>(number.size(), 4), '0') + number + ")";
}

// The model file, which has to be the one of the bundle.
std::vector<uint8_t> read_model(const std::string& folder) {
  const std::vector<uint8_t> text = read_file(folder + "/" + kManifest);
  const Json manifest = Json::parse(std::string(text.begin(), text.end()));
  std::vector<uint8_t> model = read_file(folder + "/" + kModel);
  if (sha256(model.data(), model.size()) != manifest["files"][kModel].text()) {
    throw Error(ErrorKind::mismatch, std::string(kModel) + " is not the one of the bundle",
                "build the bundle again with `seigo build`");
  }
  return model;
}

void names_of(const std::vector<Tensor>& tensors, std::vector<std::string>& names) {
  for (const Tensor& tensor : tensors) names.push_back(tensor.name);
}

void keep(HostFrame& frame, const std::vector<Tensor>& tensors, const std::vector<Numbers>& numbers) {
  for (size_t own = 0; own < tensors.size(); ++own) frame.integers[tensors[own].name] = numbers[own];
}

}  // namespace

Host::Host(const Bundle& bundle, bool tail) : bundle_(bundle), file_(read_model(bundle.folder)) {
  // What a step reads and writes is known to those behind it.
  std::vector<std::string> known;
  for (const Step& step : bundle.steps) {
    std::vector<std::string> writes;
    names_of(step.reads, known);
    names_of(step.writes, writes);
    steps_[step.pass] = open(known, writes);
    known.insert(known.end(), writes.begin(), writes.end());
  }
  names_of(bundle.outputs, known);
  if (tail) tail_ = open(known, {});
  ceras::Error error;
  const auto inputs = ceras::Model::open_inputs(file_.data(), file_.size(), error);
  if (!inputs) throw Error(ErrorKind::bundle, coded(error), "build the bundle again with `seigo build`");
  if (inputs->inputs() != 1 || !ceras::Task::is_in(*inputs)) return;
  input_ = inputs->input(0).name;
  task_ = ceras::Task::of(*inputs, error);
  if (!task_) throw Error(ErrorKind::bundle, coded(error), "quantize the model with a task file that fits it");
}

Host::Part Host::open(const std::vector<std::string>& given, const std::vector<std::string>& wanted) const {
  ceras::Error error;
  Part part;
  part.model = ceras::Model::open_part(file_.data(), file_.size(), given, wanted, error);
  if (!part.model) {
    throw Error(ErrorKind::bundle, coded(error),
                "the processor's layers are computed by the library of docs/runtime.md, which says what it has");
  }
  part.context = std::make_unique<ceras::Context>(*part.model);
  return part;
}

HostFrame Host::begin(const ceras::Image& picture) const {
  if (!task_) {
    throw Error(ErrorKind::argument, "the bundle does not say how a picture becomes the input",
                "give the image buffer, or build the bundle of a model with a task (docs/task.md)");
  }
  HostFrame frame;
  ceras::Image fitted;
  const ceras::Error error = task_->fit(picture, fitted, frame.geometry);
  if (error) throw Error(ErrorKind::argument, coded(error), "give another picture");
  // An input that only layers in float read is not the accelerator's.
  frame.image = bundle_.inputs.empty() ? std::vector<uint8_t>(bundle_.image_bytes) : bundle_.image(fitted.pixels.data());
  std::vector<float>& floats = frame.floats[input_];
  floats.resize(task_->channels() * task_->width() * task_->height());
  task_->normalize(fitted, floats.data());
  return frame;
}

HostFrame Host::begin(std::vector<uint8_t> image) const {
  HostFrame frame;
  if (image.size() == bundle_.image_bytes) {
    for (const Tensor& input : bundle_.inputs) frame.integers[input.name] = input.unpack(image.data());
  }
  frame.image = std::move(image);  // of another size: the driver says so
  return frame;
}

void Host::compute(const Part& part, const HostFrame& frame) const {
  ceras::Error error;
  for (size_t at = 0; at < part.model->inputs() && !error; ++at) {
    const ceras::Tensor& input = part.model->input(at);
    const auto integers = frame.integers.find(input.name);
    const auto floats = frame.floats.find(input.name);
    const bool whole = integers != frame.integers.end();
    const size_t count = whole ? integers->second.size() : floats != frame.floats.end() ? floats->second.size() : 0;
    if (count != input.elements()) {
      throw Error(ErrorKind::argument, "the processor's layers read \"" + input.name + "\", which is not given",
                  "give pictures instead of image buffers");
    }
    error = whole ? part.context->set_input_raw(at, integers->second.data()) : part.context->set_input(at, floats->second.data());
  }
  if (!error) error = part.context->run();
  if (error) throw Error(ErrorKind::argument, coded(error), "check the model and the frame");
}

std::vector<Numbers> Host::step(HostFrame& frame, const Step& step, const std::vector<Numbers>& reads) {
  const Part& part = steps_.at(step.pass);
  keep(frame, step.reads, reads);
  compute(part, frame);
  std::vector<Numbers> writes;
  for (size_t at = 0; at < part.model->outputs(); ++at) {
    writes.emplace_back(part.model->output(at).elements());
    part.context->read_output_raw(at, writes.back().data());
  }
  keep(frame, step.writes, writes);
  return writes;
}

std::vector<std::vector<float>> Host::outputs(HostFrame& frame, const std::vector<Numbers>& outputs) {
  if (!tail_.model) throw Error(ErrorKind::argument, "the tail was not asked for", "make the Host with it");
  keep(frame, bundle_.outputs, outputs);
  compute(tail_, frame);
  return read_outputs(tail_);
}

std::vector<std::vector<float>> Host::read_outputs(const Part& part) const {
  std::vector<std::vector<float>> all;
  for (size_t at = 0; at < part.model->outputs(); ++at) {
    all.emplace_back(part.model->output(at).elements());
    part.context->read_output(at, all.back().data());
  }
  return all;
}

void Host::repeat_within(float margin) {
  whole_ = open({}, {});
  const ceras::Error error = whole_.context->choose(ceras::Form::floating);
  if (error) {
    throw Error(ErrorKind::bundle, coded(error), "quantize the model with --both, and build the bundle again");
  }
  margin_ = margin;
}

ceras::Prediction Host::finish(HostFrame& frame, const std::vector<Numbers>& outputs) {
  if (!task_) throw Error(ErrorKind::argument, "the model has no task", "quantize it with a task file (docs/task.md)");
  std::vector<std::vector<float>> elements = this->outputs(frame, outputs);
  std::vector<ceras::Output> named;
  const auto name = [&] {
    named.clear();
    for (size_t at = 0; at < elements.size(); ++at) {
      named.push_back({&tail_.model->output_name(at), &tail_.model->output(at).shape, elements[at].data()});
    }
  };
  name();
  bool uncertain = false;
  ceras::Error error;
  if (margin_ > 0) error = task_->is_uncertain(named, frame.geometry, margin_, uncertain);
  if (!error && uncertain) {
    compute(whole_, frame);
    elements = read_outputs(whole_);
    name();
    ++repeated_;
  }
  ceras::Prediction prediction;
  if (!error) error = task_->postprocess(named, frame.geometry, prediction);
  if (error) throw Error(ErrorKind::bundle, coded(error), "check the task that the model was quantized with");
  return prediction;
}

}  // namespace seigo
