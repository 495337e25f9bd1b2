// The processor beside the accelerator: pictures to image buffers, the layers that are not the accelerator's, boxes and
// classes. Everything about the network is taken from the bundle's model file.
#ifndef SEIGO_HOST_H
#define SEIGO_HOST_H

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ceras/vision.hpp"
#include "seigo/bundle.h"

namespace seigo {

// One frame, as far as the processor knows it.
struct HostFrame {
  std::vector<uint8_t> image;  // the image buffer
  ceras::Geometry geometry;    // of a picture
  // Values by name: network inputs, what steps read and wrote, what left the accelerator.
  std::map<std::string, Numbers> integers;
  std::map<std::string, std::vector<float>> floats;
};

// One thread at a time may use it; frames may be begun before the one before is finished.
class Host {
 public:
  // Reads the model of a bundle, which has to outlive it. With `tail` the layers behind the last pass are computed,
  // which finish() wants. Throws Error (open, bundle, mismatch); `bundle` for layers that the library lacks, and for a
  // model whose task does not fit.
  Host(const Bundle& bundle, bool tail);

  // Null for a model without a task.
  const ceras::Task* task() const { return task_.get(); }

  // A frame of a picture of any size, or of a whole image buffer. Throws Error (argument) for a model without a task, for an
  // input that a buffer does not hold.
  HostFrame begin(const ceras::Image& picture) const;
  HostFrame begin(std::vector<uint8_t> image) const;

  // The processor's turn within a frame: what a step reads, to what it writes.
  std::vector<Numbers> step(HostFrame& frame, const Step& step, const std::vector<Numbers>& reads);

  // The rest of the frame, from what Driver::collect gave: the network's outputs, or what the task makes of them.
  std::vector<std::vector<float>> outputs(HostFrame& frame, const std::vector<Numbers>& outputs);
  ceras::Prediction finish(HostFrame& frame, const std::vector<Numbers>& outputs);
  // From now on, a frame whose answer is uncertain by `margin` (ceras::Task::is_uncertain) is computed again by the processor,
  // with every layer in float that the model file holds in both forms. Throws Error (bundle) where it holds none.
  void repeat_within(float margin);
  // How many frames were.
  size_t repeated() const { return repeated_; }

 private:
  // A part of the network with its memory.
  struct Part {
    std::unique_ptr<ceras::Model> model;
    std::unique_ptr<ceras::Context> context;
  };

  Part open(const std::vector<std::string>& given, const std::vector<std::string>& wanted) const;
  void compute(const Part& part, const HostFrame& frame) const;
  std::vector<std::vector<float>> read_outputs(const Part& part) const;

  const Bundle& bundle_;
  std::vector<uint8_t> file_;
  std::unique_ptr<ceras::Task> task_;
  std::string input_;  // name of the network's input of pictures
  std::map<uint32_t, Part> steps_;  // by pass
  Part tail_, whole_;
  float margin_ = 0;
  size_t repeated_ = 0;
};

}  // namespace seigo

#endif
