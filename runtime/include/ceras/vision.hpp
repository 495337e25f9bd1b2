// What happens around a network, as a task file says (docs/task.md): an image to the network's input, its outputs to boxes
// or classes. Results are those of `seigo detect` bit for bit.
#ifndef CERAS_VISION_HPP
#define CERAS_VISION_HPP

#include "ceras.hpp"

namespace ceras {

// Rows from the top, pixels from the left, each of red, green and blue from 0 to 255.
struct Image {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  // 3 * width * height
};

// A binary PPM (P6) or PGM (P5, gray becomes three equal channels) of 8 bits, as bytes or as a file.
Error parse_image(const void* bytes, std::size_t size, Image& image);
Error read_image(const char* path, Image& image);
// Writes a PPM. The file appears when it is whole.
Error write_image(const char* path, const Image& image);

// Where an image lies in the network's input: input = image * scale + offset, along x and y, in pixels.
struct Geometry {
  std::size_t image[2] = {0, 0}, input[2] = {0, 0};  // width, height
  float scale[2] = {1, 1}, offset[2] = {0, 0};
};

// Edges in pixels of the original image; they may lie beyond it.
struct Box {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
};

struct Detection {
  std::size_t label = 0;  // Task::name says how it is called
  float score = 0;
  Box box;
};

struct ClassScore {
  std::size_t label = 0;
  float score = 0;
};

// Best first. A detector gives detections, a classifier classes.
struct Prediction {
  bool detector = false;
  std::vector<Detection> detections;
  std::vector<ClassScore> classes;
};

// The document that `seigo detect --format json` prints, in one line; with the names of classes where a task is given.
class Task;
std::string to_json(const Prediction& prediction, const Task* names = nullptr);
// A text as JSON has it, with its quotes.
std::string json_text(const std::string& text);
// Draws the edges of all boxes, a color per class.
void draw(const Prediction& prediction, Image& image);

// Which limits of the task hold: `show` of `seigo detect`, `evaluation` of `seigo eval`.
enum class Purpose { show, evaluation };

// An output of the network: floats, row-major in its shape.
struct Output {
  const std::string* name;
  const std::vector<std::size_t>* shape;
  const float* elements;
};

// A task file bound to a network's input. It never changes and may be shared by threads.
class Task {
 public:
  // Null, and `error`, for text that is no task file or does not fit an input of this shape: 1 x channels x height x
  // width.
  static std::unique_ptr<Task> parse(const char* text, std::size_t size, const std::vector<std::size_t>& shape,
                                     Error& error);
  // The task that the model file holds, and whether it holds one.
  static std::unique_ptr<Task> of(const Model& model, Error& error);
  static bool is_in(const Model& model);
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // Size of the network's input.
  std::size_t width() const;
  std::size_t height() const;
  std::size_t channels() const;
  // Number of classes, and how one is called; "class 7" where it has no name.
  std::size_t labels() const;
  std::string name(std::size_t label) const;

  // The image as 8-bit picture of the network's size. An error for an image without pixels.
  Error fit(const Image& image, Image& fitted, Geometry& geometry) const;
  // What the network reads for a picture of its size: channels x height x width floats.
  void normalize(const Image& fitted, float* elements) const;
  // Both.
  Error preprocess(const Image& image, float* elements, Geometry& geometry) const;
  // Boxes or classes from the network's outputs. An error for one that is missing, has another shape or holds NaN.
  Error postprocess(const std::vector<Output>& outputs, const Geometry& geometry, Prediction& prediction,
                    Purpose purpose = Purpose::show) const;
  // Whether an answer is nearer to a decision than `margin`: a box to the score from which boxes are shown, from either side,
  // or the best class of a classifier to the second.
  Error is_uncertain(const std::vector<Output>& outputs, const Geometry& geometry, float margin, bool& uncertain) const;

  struct Spec;

 private:
  explicit Task(std::unique_ptr<const Spec> spec);
  std::unique_ptr<const Spec> spec_;
};

// A network with its task: images in, predictions out.
class Predictor {
 public:
  // Model and task must outlive it; the model has one input, that of the task. `pool` may be null.
  Predictor(const Model& model, const Task& task, Pool* pool = nullptr);

  Error predict(const Image& image, Prediction& prediction, Purpose purpose = Purpose::show);
  // From now on, an image whose answer is uncertain by `margin` runs again with every layer in float that the model holds in
  // both forms; 0 ends it. An error where it holds none.
  Error repeat_within(float margin);
  // Whether the last image ran again.
  bool repeated() const { return repeated_; }
  // For choices between forms.
  Context& context() { return context_; }

 private:
  Error run();

  const Model& model_;
  const Task& task_;
  Context context_;
  std::vector<float> input_;
  std::vector<std::vector<float>> elements_;
  std::vector<Output> outputs_;
  float margin_ = 0;
  bool repeated_ = false;
};

}  // namespace ceras

#endif
