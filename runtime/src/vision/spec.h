// A task file as data.
#ifndef CERAS_VISION_SPEC_H
#define CERAS_VISION_SPEC_H

#include "../container.h"
#include "../json.h"
#include "ceras/vision.hpp"

namespace ceras {

enum class Resize : std::uint8_t { letterbox_top_left, letterbox_centered, stretch, center_crop };
enum class Color : std::uint8_t { rgb, bgr, gray };
enum class Layout : std::uint8_t { boxes_first, boxes_last };
enum class Coordinates : std::uint8_t { grid_center_exp, center_size, corners };
enum class Unit : std::uint8_t { pixels, normalized };
enum class Scores : std::uint8_t { none, sigmoid, softmax };

struct Limits {
  float score_threshold = 0, nms_threshold = 0;
  std::size_t max_detections = 0;
};

struct Task::Spec {
  std::size_t width = 0, height = 0, short_side = 0;
  Resize resize = Resize::stretch;
  Color color = Color::rgb;
  std::uint8_t pad = 0;
  double scale = 1;
  std::vector<double> mean, std;

  std::size_t classes = 0;
  bool coco80 = false;
  std::vector<std::string> names;  // none for a number of classes, and for the built-in list

  bool detector = false;
  bool has_output = false, has_scores_output = false;
  std::string output, scores_output;
  Scores activation = Scores::none;
  // Of a detector.
  Layout layout = Layout::boxes_first;
  Coordinates boxes = Coordinates::corners;
  Unit unit = Unit::pixels;
  std::vector<std::size_t> strides;
  bool objectness = false, has_background = false;
  std::size_t background = 0;
  Limits show, evaluation;
  // Of a classifier.
  std::size_t top = 0;

  std::size_t channels() const { return color == Color::gray ? 1 : 3; }
  std::size_t score_columns() const { return classes + (objectness ? 1 : 0) + (has_background ? 1 : 0); }
};

namespace detail {

// Reads and checks the fields; false, with the error set.
bool read_task(const Json& form, Task::Spec& spec, Error& error);

// How large the image becomes, and where it goes in the network's input.
struct Fit {
  std::size_t size[2];
  std::int64_t corner[2];  // negative where it is cropped
  double scale[2];
};
Fit fit_image(const Task::Spec& spec, std::size_t width, std::size_t height);

// The part at `corner` (x, y) of what becomes of `source` where it is resized to `size`; `part` has its own size already.
void resize_part(const Image& source, const std::size_t (&size)[2], const std::size_t (&corner)[2], Image& part);

// The output of that name, or the only one; its values are no NaN.
bool find_output(const std::vector<Output>& outputs, const std::string* name, const Output*& found, Error& error);
void activate(Scores activation, std::vector<float>& scores);
float sigmoid(float x);
// Whether `a` stands before `b` by descending score; -0 is below 0.
bool scores_more(float a, float b);

Error detect(const Task::Spec& spec, const std::vector<Output>& outputs, const Geometry& geometry, const Limits& limits,
             std::vector<Detection>& detections);
Error classify(const Task::Spec& spec, const std::vector<Output>& outputs, std::size_t top, std::vector<ClassScore>& classes);

}  // namespace detail
}  // namespace ceras

#endif
