// What a bundle says to a driver: device.json, the program, the check vectors.
#ifndef SEIGO_BUNDLE_H
#define SEIGO_BUNDLE_H

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace seigo {

// Integers of a tensor in the order channel, row, column.
using Numbers = std::vector<int32_t>;

// A tensor in a buffer; docs/driver.md describes both orders of its bytes.
struct Tensor {
  std::string name;
  bool pixels = false;
  size_t channels = 0;
  size_t height = 0;
  size_t width = 0;
  size_t bits = 0;
  size_t offset = 0;
  size_t bytes = 0;
  size_t pitch = 0;
  std::vector<int> slots;      // channel of every slot, -1 for padding
  std::vector<int> exponents;  // per channel: a step is 2 to this power
  std::vector<int> zeros;      // per channel: the integer that stands for 0

  size_t count() const { return channels * height * width; }
  // Puts numbers into a buffer; throws Error (argument) for another count of them.
  void pack(const Numbers& numbers, uint8_t* buffer) const;
  // The numbers from a buffer.
  Numbers unpack(const uint8_t* buffer) const;

 private:
  template <typename Visit>
  void visit(Visit visit) const;
};

// A step of the processor within a frame.
struct Step {
  uint32_t pass = 0;
  std::vector<std::string> layers;
  std::vector<Tensor> reads;
  std::vector<Tensor> writes;
};

// How a picture of 8 bits becomes the network's input.
struct Picture {
  std::string color;            // rgb, bgr or gray: the channels that the network reads
  std::vector<Numbers> tables;  // per channel the integer for every value of a pixel; none where it is not known
};

// One frame of the check vectors.
struct Vector {
  std::vector<uint8_t> image;
  std::vector<std::vector<Numbers>> reads;   // per step
  std::vector<std::vector<Numbers>> writes;  // per step
  std::vector<Numbers> outputs;
};

// A bundle that `seigo build` wrote. The constructor throws Error (open, bundle, mismatch).
struct Bundle {
  explicit Bundle(const std::string& folder);

  // The image buffer for a picture of the network's size: rows of red, green, blue. Throws Error (argument) where the
  // network takes no picture.
  std::vector<uint8_t> image(const uint8_t* rgb) const;

  // The frames of check.bin; throws Error (open, bundle).
  std::vector<Vector> vectors() const;

  std::string folder;
  std::string network;
  std::string target;
  uint32_t register_map = 0;
  std::string design;
  std::vector<uint8_t> program;
  size_t image_bytes = 0;
  size_t output_bytes = 0;
  size_t scratch_bytes = 0;
  std::vector<Tensor> inputs;
  Picture picture;
  std::vector<Tensor> outputs;
  std::vector<Step> steps;
  std::vector<std::string> tail;
  std::vector<std::string> passes;
  uint64_t predicted_cycles = 0;
  std::map<std::string, uint64_t> predicted_stalls;
};

// A whole file; throws Error (open).
std::vector<uint8_t> read_file(const std::string& path);

// Where two lists of tensors differ first, in words; empty where they are equal.
std::string difference(const std::vector<Tensor>& tensors, const std::vector<Numbers>& expected,
                       const std::vector<Numbers>& found);

}  // namespace seigo

#endif
