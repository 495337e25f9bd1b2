// The interface for C.
#include <cstring>
#include <utility>

#include "c_interface.h"
#include "container.h"

struct ceras_context {
  const ceras::Model& model;
  ceras::Context context;
};

namespace ceras::detail {

int told(const ceras::Error& own, ceras_error* error) {
  if (error == nullptr) return own.code;
  error->code = own.code;
  std::strncpy(error->message, own.message.c_str(), sizeof error->message - 1);
  error->message[sizeof error->message - 1] = '\0';
  return own.code;
}

}  // namespace ceras::detail

namespace {

using ceras::detail::told;

ceras_model* handle(std::unique_ptr<ceras::Model> model, const ceras::Error& own, ceras_error* error) {
  told(own, error);
  return model ? new ceras_model{std::move(model)} : nullptr;
}

const std::size_t* extents(const ceras::Tensor* tensor, std::size_t* rank) {
  if (rank != nullptr) *rank = tensor != nullptr ? tensor->shape.size() : 0;
  return tensor != nullptr ? tensor->shape.data() : nullptr;
}

}  // namespace

extern "C" {

ceras_model* ceras_open(const void* bytes, size_t size, ceras_error* error) {
  ceras::Error own;
  auto model = ceras::Model::open(bytes, size, own);
  return handle(std::move(model), own, error);
}

ceras_model* ceras_open_file(const char* path, ceras_error* error) {
  ceras::Error own;
  auto model = ceras::Model::open_file(path, own);
  return handle(std::move(model), own, error);
}

void ceras_close(ceras_model* model) { delete model; }
size_t ceras_inputs(const ceras_model* model) { return model->model->inputs(); }
size_t ceras_outputs(const ceras_model* model) { return model->model->outputs(); }

const size_t* ceras_input_shape(const ceras_model* model, size_t index, size_t* rank) {
  return extents(index < model->model->inputs() ? &model->model->input(index) : nullptr, rank);
}

const size_t* ceras_output_shape(const ceras_model* model, size_t index, size_t* rank) {
  return extents(index < model->model->outputs() ? &model->model->output(index) : nullptr, rank);
}

const char* ceras_output_name(const ceras_model* model, size_t index) {
  return index < model->model->outputs() ? model->model->output_name(index).c_str() : nullptr;
}

ceras_context* ceras_context_new(const ceras_model* model) { return new ceras_context{*model->model, ceras::Context(*model->model)}; }
void ceras_context_free(ceras_context* context) { delete context; }

int ceras_set_input(ceras_context* context, size_t index, const float* elements, ceras_error* error) {
  return told(context->context.set_input(index, elements), error);
}

int ceras_run(ceras_context* context, ceras_error* error) { return told(context->context.run(), error); }

int ceras_read_output(const ceras_context* context, size_t index, float* elements, ceras_error* error) {
  ceras::Error own;
  if (index < context->model.outputs()) {
    context->context.read_output(index, elements);
  } else {
    ceras::detail::fail(own, ceras::format::kShape, "there is no output " + std::to_string(index));
  }
  return told(own, error);
}

size_t ceras_choices(const ceras_model* model) { return model->model->choices(); }

const char* ceras_choice_name(const ceras_model* model, size_t index) {
  return index < model->model->choices() ? model->model->choice_name(index).c_str() : nullptr;
}

int ceras_choose(ceras_context* context, size_t choice, int floats, ceras_error* error) {
  const ceras::Form form = floats != 0 ? ceras::Form::floating : ceras::Form::integer;
  return told(choice == CERAS_ALL ? context->context.choose(form) : context->context.choose(choice, form), error);
}

int ceras_measure(ceras_context* context, const float* const* inputs, int frames, ceras_error* error) {
  return told(context->context.measure(inputs, frames), error);
}

int ceras_limit_time(ceras_context* context, double seconds, ceras_error* error) {
  return told(context->context.limit_time(seconds), error);
}

}  // extern "C"
