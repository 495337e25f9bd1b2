// Objects in a picture: detect MODEL PICTURE.ppm
#include <cstdio>

#include "ceras/vision.hpp"

int main(int, char** arguments) {
  ceras::Error error;
  ceras::Image image;
  ceras::Prediction found;
  const auto model = ceras::Model::open_file(arguments[1], error);
  const auto task = model ? ceras::Task::of(*model, error) : nullptr;
  if (task) error = ceras::read_image(arguments[2], image);
  if (!error) error = ceras::Predictor(*model, *task).predict(image, found);
  if (error) return std::printf("error[SG%04d]: %s\n", error.code, error.message.c_str()), 2;
  std::printf("%s\n", ceras::to_json(found, task.get()).c_str());
}
