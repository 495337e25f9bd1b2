// What a task makes of images and outputs, for a program that compares: the network's input for an image, boxes or classes.
//
//   detect MODEL IMAGE...                 a line of JSON per image, of the model's own task
//   detect --margin M MODEL IMAGE...      images that are uncertain by M run again in float
//   detect --parts TASK SHAPE CASE OUT    one case of a task file: CASE holds an image and outputs of a network
//
// SHAPE is that of the input, 1,3,32,32. CASE: purpose (0 show, 1 evaluation), width and height of the image, pixels; then
// count of outputs, for each its name (length, bytes), rank, shape and floats. OUT gets the network's input, the geometry's
// scale and offset, a count and for each prediction class, score and edges. Numbers have four bytes.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ceras/vision.hpp"
#include "support.h"

namespace {

// Reads a case; what is missing reads as zero.
struct Reader {
  std::vector<char> bytes;
  std::size_t at = 0;

  void take(void* to, std::size_t count) {
    if (bytes.size() - at < count) std::exit(1);
    if (count > 0) std::memcpy(to, bytes.data() + at, count);
    at += count;
  }
  std::size_t number() {
    std::uint32_t word = 0;
    take(&word, 4);
    return word;
  }
};

void put(std::FILE* file, float number) { std::fwrite(&number, 4, 1, file); }
void put_count(std::FILE* file, std::size_t number) {
  const std::uint32_t word = static_cast<std::uint32_t>(number);
  std::fwrite(&word, 4, 1, file);
}

int parts(char** arguments) {
  const std::vector<char> text = read(arguments[0]);
  std::vector<std::size_t> shape;
  for (char* at = arguments[1]; *at != '\0'; at += *at == ',' ? 1 : 0) shape.push_back(std::strtoul(at, &at, 10));
  ceras::Error error;
  const auto task = ceras::Task::parse(text.data(), text.size(), shape, error);
  if (!task) return failed(error);
  Reader reader{read(arguments[2])};
  const ceras::Purpose purpose = reader.number() == 0 ? ceras::Purpose::show : ceras::Purpose::evaluation;
  ceras::Image image;
  image.width = reader.number();
  image.height = reader.number();
  image.pixels.resize(3 * image.width * image.height);
  reader.take(image.pixels.data(), image.pixels.size());
  std::vector<float> input(task->channels() * task->width() * task->height());
  ceras::Geometry geometry;
  error = task->preprocess(image, input.data(), geometry);
  if (error) return failed(error);
  const std::size_t count = reader.number();
  std::vector<std::string> names(count);
  std::vector<std::vector<std::size_t>> shapes(count);
  std::vector<std::vector<float>> elements(count);
  std::vector<ceras::Output> outputs;
  for (std::size_t own = 0; own < count; ++own) {
    names[own].resize(reader.number());
    reader.take(&names[own][0], names[own].size());
    std::size_t size = 1;
    shapes[own].resize(reader.number());
    for (std::size_t& extent : shapes[own]) size *= extent = reader.number();
    elements[own].resize(size);
    reader.take(elements[own].data(), 4 * size);
    outputs.push_back({&names[own], &shapes[own], elements[own].data()});
  }
  ceras::Prediction prediction;
  error = task->postprocess(outputs, geometry, prediction, purpose);
  if (error) return failed(error);
  std::FILE* file = std::fopen(arguments[3], "wb");
  if (file == nullptr) return 1;
  std::fwrite(input.data(), 4, input.size(), file);
  for (int axis = 0; axis < 2; ++axis) put(file, geometry.scale[axis]), put(file, geometry.offset[axis]);
  put_count(file, prediction.detections.size() + prediction.classes.size());
  for (const ceras::Detection& own : prediction.detections) {
    put_count(file, own.label), put(file, own.score);
    put(file, own.box.x1), put(file, own.box.y1), put(file, own.box.x2), put(file, own.box.y2);
  }
  for (const ceras::ClassScore& own : prediction.classes) put_count(file, own.label), put(file, own.score);
  std::fclose(file);
  return 0;
}

int images(float margin, int count, char** arguments) {
  ceras::Error error;
  const auto model = ceras::Model::open_file(arguments[0], error);
  const auto task = model ? ceras::Task::of(*model, error) : nullptr;
  if (!task) return failed(error);
  ceras::Predictor predictor(*model, *task);
  error = predictor.repeat_within(margin);
  if (error) return failed(error);
  for (int at = 1; at < count; ++at) {
    ceras::Image image;
    ceras::Prediction prediction;
    error = ceras::read_image(arguments[at], image);
    if (!error) error = predictor.predict(image, prediction);
    if (error) return failed(error);
    std::printf("%s\n", ceras::to_json(prediction).c_str());
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 6 && std::strcmp(arguments[1], "--parts") == 0) return parts(arguments + 2);
  if (count > 4 && std::strcmp(arguments[1], "--margin") == 0) {
    return images(static_cast<float>(std::atof(arguments[2])), count - 3, arguments + 3);
  }
  return count > 2 ? images(0, count - 1, arguments + 1) : 1;
}
