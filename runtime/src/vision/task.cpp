// A task bound to a network, and a network with its task.
#include <algorithm>
#include <cmath>
#include <utility>

#include "defaults.h"
#include "spec.h"

namespace ceras {

namespace {

std::string listed(const std::vector<std::size_t>& shape) {
  std::string text;
  for (std::size_t extent : shape) text += (text.empty() ? "" : " x ") + std::to_string(extent);
  return text;
}

bool refuse(Error& error, std::string_view message) { return detail::fail(error, format::kTaskSpec, message); }

// Takes the size of the network's input, which has to agree with the task.
bool bind(Task::Spec& spec, const std::vector<std::size_t>& shape, Error& error) {
  if (shape.size() != 4 || shape[0] != 1 || shape[1] != spec.channels()) {
    return refuse(error, "the model's input is " + listed(shape) + ", but images enter as 1 x " +
                             std::to_string(spec.channels()) + " x height x width");
  }
  const std::size_t height = shape[2], width = shape[3];
  const std::string size = std::to_string(width) + "x" + std::to_string(height);
  const auto allowed = [](std::size_t side) { return side >= 1 && side <= task::kMaxInput; };
  if (!allowed(width) || !allowed(height)) return refuse(error, "the model's input is " + size + " pixels");
  if ((spec.width != 0 && spec.width != width) || (spec.height != 0 && spec.height != height)) {
    return refuse(error, "`input` is of another size than the model's input of " + size);
  }
  spec.width = width, spec.height = height;
  for (std::size_t stride : spec.strides) {
    if (width % stride != 0 || height % stride != 0) {
      return refuse(error, "`detection.strides`: " + std::to_string(stride) + " does not divide the input of " + size);
    }
  }
  const bool crop = spec.resize == Resize::center_crop;
  if (crop && (spec.short_side < width || spec.short_side < height)) {
    return refuse(error, "`input.short_side` is " + std::to_string(spec.short_side) + ", too short for a crop of " + size);
  }
  return true;
}

std::unique_ptr<const Task::Spec> spec_of(const detail::Json& form, const std::vector<std::size_t>& shape, Error& error) {
  auto spec = std::make_unique<Task::Spec>();
  if (!detail::read_task(form, *spec, error) || !bind(*spec, shape, error)) return nullptr;
  return spec;
}

// The task in the section META; null where there is none.
const detail::Json* task_in(const Model& model, detail::Json& form) {
  std::string problem;
  if (!detail::parse_json(model.meta().data(), model.meta().size(), form, problem)) return nullptr;
  const detail::Json* own = form.get("task");
  return own != nullptr && !own->is(detail::Json::Kind::null) ? own : nullptr;
}

}  // namespace

Task::Task(std::unique_ptr<const Spec> spec) : spec_(std::move(spec)) {}
Task::~Task() = default;

std::unique_ptr<Task> Task::parse(const char* text, std::size_t size, const std::vector<std::size_t>& shape, Error& error) {
  error = Error();
  detail::Json form;
  std::string problem;
  if (!detail::parse_json(text, size, form, problem)) {
    refuse(error, "the task file is no JSON: " + problem);
    return nullptr;
  }
  auto spec = spec_of(form, shape, error);
  return spec ? std::unique_ptr<Task>(new Task(std::move(spec))) : nullptr;
}

std::unique_ptr<Task> Task::of(const Model& model, Error& error) {
  error = Error();
  detail::Json form;
  const detail::Json* own = task_in(model, form);
  if (own == nullptr) {
    refuse(error, "the model has no task: nothing says how images enter it and what comes out");
    return nullptr;
  }
  if (model.inputs() != 1) {
    refuse(error, "a task is for networks with one input, this one has " + std::to_string(model.inputs()));
    return nullptr;
  }
  auto spec = spec_of(*own, model.input(0).shape, error);
  return spec ? std::unique_ptr<Task>(new Task(std::move(spec))) : nullptr;
}

bool Task::is_in(const Model& model) {
  detail::Json form;
  return task_in(model, form) != nullptr;
}

std::size_t Task::width() const { return spec_->width; }
std::size_t Task::height() const { return spec_->height; }
std::size_t Task::channels() const { return spec_->channels(); }
std::size_t Task::labels() const { return spec_->classes; }

std::string Task::name(std::size_t label) const {
  if (spec_->coco80 && label < spec_->classes) return task::kCoco80Names[label];
  return label < spec_->names.size() ? spec_->names[label] : "class " + std::to_string(label);
}

Error Task::postprocess(const std::vector<Output>& outputs, const Geometry& geometry, Prediction& prediction, Purpose purpose) const {
  const Spec& spec = *spec_;
  const bool show = purpose == Purpose::show;
  prediction = Prediction();
  prediction.detector = spec.detector;
  if (spec.detector) return detail::detect(spec, outputs, geometry, show ? spec.show : spec.evaluation, prediction.detections);
  const std::size_t top = show || spec.top > task::kTop ? spec.top : task::kTop;
  return detail::classify(spec, outputs, top, prediction.classes);
}

Error Task::is_uncertain(const std::vector<Output>& outputs, const Geometry& geometry, float margin, bool& uncertain) const {
  const Spec& spec = *spec_;
  uncertain = false;
  if (spec.detector) {
    Limits limits = spec.show;
    limits.score_threshold = std::max(spec.show.score_threshold - margin, 0.0f);
    std::vector<Detection> found;
    const Error error = detail::detect(spec, outputs, geometry, limits, found);
    for (const Detection& own : found) uncertain = uncertain || std::fabs(own.score - spec.show.score_threshold) < margin;
    return error;
  }
  std::vector<ClassScore> best;
  const Error error = detail::classify(spec, outputs, 2, best);
  uncertain = best.size() == 2 && best[0].score - best[1].score < margin;
  return error;
}

Predictor::Predictor(const Model& model, const Task& task, Pool* pool)
    : model_(model), task_(task), context_(model, pool), input_(task.channels() * task.width() * task.height()) {
  for (std::size_t at = 0; at < model.outputs(); ++at) elements_.emplace_back(model.output(at).elements());
  for (std::size_t at = 0; at < model.outputs(); ++at) {
    outputs_.push_back({&model.output_name(at), &model.output(at).shape, elements_[at].data()});
  }
}

Error Predictor::predict(const Image& image, Prediction& prediction, Purpose purpose) {
  Geometry geometry;
  Error error = task_.preprocess(image, input_.data(), geometry);
  if (!error && (model_.inputs() != 1 || model_.input(0).elements() != input_.size())) {
    detail::fail(error, format::kShape, "the task was made for another network");
  }
  repeated_ = false;
  if (!error) error = run();
  if (!error && margin_ > 0) error = task_.is_uncertain(outputs_, geometry, margin_, repeated_);
  if (!error && repeated_) {
    context_.choose(Form::floating);
    error = run();
    context_.choose(Form::integer);
  }
  return error ? error : task_.postprocess(outputs_, geometry, prediction, purpose);
}

Error Predictor::repeat_within(float margin) {
  const Error error = margin > 0 ? context_.choose(Form::integer) : Error();
  if (!error) margin_ = margin;
  return error;
}

Error Predictor::run() {
  Error error = context_.set_input(0, input_.data());
  if (!error) error = context_.run();
  for (std::size_t at = 0; at < outputs_.size() && !error; ++at) context_.read_output(at, elements_[at].data());
  return error;
}

}  // namespace ceras
