// Images and boxes for C.
#include "../c_interface.h"

#include <utility>

#include "ceras/vision.hpp"

struct ceras_image {
  ceras::Image image;
};

struct ceras_predictor {
  std::unique_ptr<ceras::Task> task;
  std::unique_ptr<ceras::Predictor> predictor;
  ceras::Image image;
  std::vector<ceras_detection> found;
  std::string name;
};

using ceras::detail::told;

extern "C" {

ceras_image* ceras_image_read(const char* path, ceras_error* error) {
  auto image = std::make_unique<ceras_image>();
  return told(ceras::read_image(path, image->image), error) == 0 ? image.release() : nullptr;
}

void ceras_image_free(ceras_image* image) { delete image; }
size_t ceras_image_width(const ceras_image* image) { return image->image.width; }
size_t ceras_image_height(const ceras_image* image) { return image->image.height; }
const uint8_t* ceras_image_pixels(const ceras_image* image) { return image->image.pixels.data(); }

ceras_predictor* ceras_predictor_new(const ceras_model* model, ceras_error* error) {
  ceras::Error own;
  auto predictor = std::make_unique<ceras_predictor>();
  predictor->task = ceras::Task::of(*model->model, own);
  told(own, error);
  if (!predictor->task) return nullptr;
  predictor->predictor = std::make_unique<ceras::Predictor>(*model->model, *predictor->task);
  return predictor.release();
}

void ceras_predictor_free(ceras_predictor* predictor) { delete predictor; }

int ceras_predict(ceras_predictor* predictor, const uint8_t* pixels, size_t width, size_t height, const ceras_detection** found,
                  size_t* count, ceras_error* error) {
  predictor->image.width = width, predictor->image.height = height;
  predictor->image.pixels.assign(pixels, pixels + 3 * width * height);
  ceras::Prediction prediction;
  const int code = told(predictor->predictor->predict(predictor->image, prediction), error);
  predictor->found.clear();
  for (const ceras::Detection& own : prediction.detections) {
    predictor->found.push_back({own.label, own.score, own.box.x1, own.box.y1, own.box.x2, own.box.y2});
  }
  for (const ceras::ClassScore& own : prediction.classes) predictor->found.push_back({own.label, own.score, 0, 0, 0, 0});
  *found = predictor->found.data();
  *count = predictor->found.size();
  return code;
}

int ceras_repeat_within(ceras_predictor* predictor, float margin, ceras_error* error) {
  return told(predictor->predictor->repeat_within(margin), error);
}

const char* ceras_label_name(ceras_predictor* predictor, size_t label) {
  predictor->name = predictor->task->name(label);
  return predictor->name.c_str();
}

}  // extern "C"
