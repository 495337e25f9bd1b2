#include "seigo/bundle.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "seigo/error.h"
#include "seigo/json.h"
#include "seigo/sha256.h"

namespace seigo {

namespace {

constexpr size_t kSlots = 16;  // of a plane
constexpr char kAgain[] = "build the bundle again with `seigo build`";

[[noreturn]] void broken(const std::string& message) { throw Error(ErrorKind::bundle, message, kAgain); }

size_t size(const Json& json) {
  if (json.number() < 0) broken("device.json has a negative size");
  return static_cast<size_t>(json.number());
}

std::vector<int> integers(const Json& json) {
  std::vector<int> all;
  for (const Json& item : json.items()) all.push_back(static_cast<int>(item.number()));
  return all;
}

std::vector<std::string> texts(const Json& json) {
  std::vector<std::string> all;
  for (const Json& item : json.items()) all.push_back(item.text());
  return all;
}

// A tensor that stays inside of its buffer.
Tensor tensor(const Json& json, size_t buffer) {
  Tensor own;
  own.name = json["name"].text();
  own.pixels = json["order"].text() == "pixels";
  own.channels = size(json["channels"]);
  own.height = size(json["height"]);
  own.width = size(json["width"]);
  own.bits = size(json["bits"]);
  own.offset = size(json["offset"]);
  own.bytes = size(json["bytes"]);
  own.pitch = size(json["pitch"]);
  own.slots = integers(json["slots"]);
  own.exponents = integers(json["exponents"]);
  own.zeros = integers(json["zeros"]);
  const size_t parts = own.pixels ? own.height : own.slots.size() / kSlots;
  const size_t part = own.pixels ? own.width * own.channels : own.height * own.width * kSlots * own.bits / 8;
  const bool fits = part <= own.pitch && own.pitch * parts <= own.bytes && own.offset <= buffer &&
                    own.bytes <= buffer - own.offset;
  const bool known = own.bits == 8 || (!own.pixels && (own.bits == 16 || own.bits == 32));
  for (const int channel : own.slots) {
    if (channel < -1 || channel >= static_cast<int>(own.channels)) broken("device.json: a slot of no channel");
  }
  if (!fits || !known) broken("device.json: \"" + own.name + "\" does not fit its buffer");
  return own;
}

std::vector<Tensor> tensors(const Json& json, size_t buffer) {
  std::vector<Tensor> all;
  for (const Json& item : json.items()) all.push_back(tensor(item, buffer));
  return all;
}

Picture picture(const Json& json, const std::vector<Tensor>& inputs) {
  Picture own;
  if (json.none()) return own;
  own.color = json["color"].text();
  for (const Json& table : json["tables"].items()) own.tables.push_back(integers(table));
  const bool known = own.color == "rgb" || own.color == "bgr" || own.color == "gray";
  bool fits = inputs.size() == 1 && own.tables.size() == inputs[0].channels && (own.color == "gray" || own.tables.size() == 3);
  for (const Numbers& table : own.tables) fits = fits && table.size() == 256;
  if (!known || !fits) broken("device.json: `picture` does not fit the input");
  return own;
}

// ITU-R BT.601 luma in 15-bit fixed point, rounded half up.
uint8_t luma(const uint8_t* rgb) {
  return static_cast<uint8_t>((rgb[0] * 9798u + rgb[1] * 19235u + rgb[2] * 3735u + (1u << 14)) >> 15);
}

int32_t number(const uint8_t* bytes, size_t bits) {
  switch (bits) {
    case 8:
      return static_cast<int8_t>(bytes[0]);
    case 16:
      return static_cast<int16_t>(bytes[0] | bytes[1] << 8);
    default:
      return static_cast<int32_t>(uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16 |
                                  uint32_t{bytes[3]} << 24);
  }
}

}  // namespace

// Calls `visit(byte, index)` for every number: its first byte in the buffer, its index in channel, row, column.
template <typename Visit>
void Tensor::visit(Visit visit) const {
  const size_t plane = height * width;
  if (pixels) {
    for (size_t channel = 0, index = 0; channel < channels; ++channel) {
      for (size_t row = 0; row < height; ++row) {
        const size_t start = offset + row * pitch + channel;
        for (size_t column = 0; column < width; ++column, ++index) visit(start + column * channels, index);
      }
    }
    return;
  }
  const size_t own = bits / 8;
  for (size_t slot = 0; slot < slots.size(); ++slot) {
    if (slots[slot] < 0) continue;
    const size_t first = offset + slot / kSlots * pitch + slot % kSlots * own;
    const size_t index = static_cast<size_t>(slots[slot]) * plane;
    for (size_t pixel = 0; pixel < plane; ++pixel) visit(first + pixel * own * kSlots, index + pixel);
  }
}

void Tensor::pack(const Numbers& numbers, uint8_t* buffer) const {
  if (numbers.size() != count()) {
    throw Error(ErrorKind::argument,
                "\"" + name + "\" has " + std::to_string(count()) + " numbers, " +
                    std::to_string(numbers.size()) + " are given",
                "give channels * height * width numbers");
  }
  visit([&](size_t byte, size_t index) {
    const int32_t stored = pixels ? numbers[index] + 128 : numbers[index];
    for (size_t part = 0; part < bits / 8; ++part) {
      buffer[byte + part] = static_cast<uint8_t>(static_cast<uint32_t>(stored) >> (8 * part));
    }
  });
}

Numbers Tensor::unpack(const uint8_t* buffer) const {
  Numbers numbers(count());
  visit([&](size_t byte, size_t index) {
    numbers[index] = pixels ? buffer[byte] - 128 : number(buffer + byte, bits);
  });
  return numbers;
}

std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<uint8_t> bytes;
  if (file) bytes.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  if (!file || file.bad()) {
    throw Error(ErrorKind::open, "cannot read " + path + ": " + std::strerror(errno),
                "check that the path exists and that you may read it");
  }
  return bytes;
}

Bundle::Bundle(const std::string& path) : folder(path) {
  const std::vector<uint8_t> text = read_file(folder + "/device.json");
  const Json json = Json::parse(std::string(text.begin(), text.end()));
  if (json["format"].text() != "seigo-device" || json["version"].number() != 1) {
    broken("device.json is of another version than this driver");
  }
  network = json["network"].text();
  target = json["target"].text();
  register_map = static_cast<uint32_t>(json["register_map"].number());
  design = json["design"].text();
  image_bytes = size(json["buffers"]["image"]);
  output_bytes = size(json["buffers"]["output"]);
  scratch_bytes = size(json["buffers"]["scratch"]);
  inputs = tensors(json["inputs"], image_bytes);
  picture = seigo::picture(json["picture"], inputs);
  outputs = tensors(json["outputs"], output_bytes);
  for (const Json& item : json["steps"].items()) {
    Step step;
    step.pass = static_cast<uint32_t>(item["pass"].number());
    step.layers = texts(item["layers"]);
    step.reads = tensors(item["reads"], scratch_bytes);
    step.writes = tensors(item["writes"], scratch_bytes);
    steps.push_back(step);
  }
  tail = texts(json["tail"]);
  passes = texts(json["passes"]);
  predicted_cycles = size(json["predicted"]["cycles"]);
  for (const auto& [cause, cycles] : json["predicted"]["stalls"].fields()) predicted_stalls[cause] = size(cycles);
  program = read_file(folder + "/" + json["program"]["file"].text());
  if (sha256(program.data(), program.size()) != json["program"]["sha256"].text() || program.size() % 32 != 0) {
    throw Error(ErrorKind::mismatch, json["program"]["file"].text() + " is not the one of the bundle", kAgain);
  }
}

std::vector<uint8_t> Bundle::image(const uint8_t* rgb) const {
  if (picture.tables.empty()) {
    throw Error(ErrorKind::argument, "the bundle does not say how a picture becomes the input",
                "give the image buffer, or build the bundle of a model with a task (docs/task.md)");
  }
  const Tensor& input = inputs[0];
  Numbers numbers(input.count());
  const size_t plane = input.height * input.width;
  for (size_t channel = 0; channel < input.channels; ++channel) {
    const size_t source = picture.color == "bgr" ? 2 - channel : channel;
    for (size_t pixel = 0; pixel < plane; ++pixel) {
      const uint8_t* own = rgb + 3 * pixel;
      numbers[channel * plane + pixel] = picture.tables[channel][picture.color == "gray" ? luma(own) : own[source]];
    }
  }
  std::vector<uint8_t> buffer(image_bytes);
  input.pack(numbers, buffer.data());
  return buffer;
}

std::vector<Vector> Bundle::vectors() const {
  const std::vector<uint8_t> file = read_file(folder + "/check.bin");
  size_t at = 16;
  if (file.size() < at || std::memcmp(file.data(), "SEIGOCHK", 8) != 0 || number(file.data() + 8, 32) != 1) {
    broken("check.bin is no file of check vectors of this version");
  }
  const auto take = [&](size_t count) {
    if (count > file.size() - at) broken("check.bin is cut off");
    at += count;
    return file.data() + at - count;
  };
  const auto whole = [&](size_t count, size_t bits) {
    if (count > file.size()) broken("check.bin is cut off");
    const uint8_t* bytes = take(count * bits / 8);
    Numbers read(count);
    for (size_t index = 0; index < count; ++index) read[index] = number(bytes + index * bits / 8, bits);
    return read;
  };
  const auto numbers = [&](const std::vector<Tensor>& all) {
    std::vector<Numbers> read;
    for (const Tensor& own : all) read.push_back(whole(own.count(), own.bits));
    return read;
  };
  std::vector<Vector> frames(static_cast<uint32_t>(number(file.data() + 12, 32)) & 0xFFFFu);
  for (Vector& frame : frames) {
    frame.image.resize(image_bytes);
    for (const Tensor& input : inputs) {
      // The numbers that stand there are repeated until the tensor is full.
      const Numbers drawn = whole(static_cast<uint32_t>(number(take(4), 32)), input.bits);
      if (drawn.empty()) broken("check.bin has an input without numbers");
      Numbers all(input.count());
      for (size_t index = 0; index < all.size(); ++index) all[index] = drawn[index % drawn.size()];
      input.pack(all, frame.image.data());
    }
    for (const Step& step : steps) {
      frame.reads.push_back(numbers(step.reads));
      frame.writes.push_back(numbers(step.writes));
    }
    frame.outputs = numbers(outputs);
  }
  if (at != file.size()) broken("check.bin is longer than its frames");
  return frames;
}

std::string difference(const std::vector<Tensor>& tensors, const std::vector<Numbers>& expected,
                       const std::vector<Numbers>& found) {
  if (tensors.size() != expected.size() || expected.size() != found.size()) return "the count of tensors differs";
  for (size_t own = 0; own < tensors.size(); ++own) {
    const Tensor& tensor = tensors[own];
    if (expected[own].size() != found[own].size()) return "\"" + tensor.name + "\" differs in size";
    size_t first = expected[own].size();
    size_t differ = 0;
    for (size_t index = expected[own].size(); index-- > 0;) {
      if (expected[own][index] == found[own][index]) continue;
      first = index;
      ++differ;
    }
    if (differ == 0) continue;
    const size_t plane = tensor.height * tensor.width;
    return "\"" + tensor.name + "\" differs in " + std::to_string(differ) + " numbers, first at channel " +
           std::to_string(first / plane) + ", row " + std::to_string(first % plane / tensor.width) +
           ", column " + std::to_string(first % tensor.width) + ": " + std::to_string(found[own][first]) +
           " instead of " + std::to_string(expected[own][first]);
  }
  return "";
}

}  // namespace seigo
