#include "frames.h"

#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "seigo/error.h"

namespace seigo {

namespace {

// The next number in the head of a PPM file; blanks and comments stand before it, one blank behind it.
size_t head(const std::vector<uint8_t>& file, size_t& at, const std::string& path) {
  const auto letter = [&] { return at < file.size() ? file[at] : uint8_t{0}; };
  while (std::isspace(letter()) != 0 || letter() == '#') {
    if (letter() == '#') {
      while (at < file.size() && letter() != '\n') ++at;
    } else {
      ++at;
    }
  }
  size_t number = 0;
  const size_t start = at;
  while (std::isdigit(letter()) != 0 && at - start < 6) number = number * 10 + (file[at++] - size_t{'0'});
  if (at == start) throw Error(ErrorKind::argument, path + " is a damaged PPM image", "write it again");
  return number;
}

std::vector<uint8_t> ppm(const Bundle& bundle, const std::vector<uint8_t>& file, const std::string& path) {
  const auto refuse = [&](const std::string& why, const std::string& advice) {
    throw Error(ErrorKind::argument, path + ": " + why, advice);
  };
  size_t at = 2;
  const size_t width = head(file, at, path);
  const size_t height = head(file, at, path);
  const size_t most = head(file, at, path);
  ++at;
  if (bundle.inputs.size() != 1) refuse("the network has several inputs", "give the image buffer as a file");
  const Tensor& input = bundle.inputs[0];
  if (width != input.width || height != input.height || most != 255) {
    refuse("it has " + std::to_string(width) + " x " + std::to_string(height) + " pixels up to " +
               std::to_string(most) + ", the network takes " + std::to_string(input.width) + " x " +
               std::to_string(input.height) + " up to 255",
           "scale it first");
  }
  if (file.size() < at + 3 * width * height) refuse("it is cut off", "write it again");
  return bundle.image(file.data() + at);
}

}  // namespace

std::vector<uint8_t> read_frame(const Bundle& bundle, const std::string& path) {
  std::vector<uint8_t> file = read_file(path);
  if (file.size() > 2 && file[0] == 'P' && file[1] == '6') return ppm(bundle, file, path);
  return file;
}

void write_outputs(const Bundle& bundle, const std::vector<Numbers>& outputs, const std::string& folder,
                   const std::string& frame) {
  const std::string base = frame.substr(frame.find_last_of('/') + 1);
  for (size_t own = 0; own < outputs.size(); ++own) {
    const Tensor& tensor = bundle.outputs[own];
    const size_t bytes = tensor.bits / 8;
    std::string name = tensor.name;
    for (char& letter : name) letter = letter == '/' ? '_' : letter;
    std::string text = "{'descr': '" + std::string(bytes == 1 ? "|i1" : bytes == 2 ? "<i2" : "<i4") +
                       "', 'fortran_order': False, 'shape': (" + std::to_string(tensor.channels) + ", " +
                       std::to_string(tensor.height) + ", " + std::to_string(tensor.width) + "), }";
    while ((10 + text.size() + 1) % 64 != 0) text += ' ';
    text += '\n';
    std::string file = "\x93NUMPY\x01";
    file += '\0';
    file += static_cast<char>(text.size() & 0xFF);
    file += static_cast<char>(text.size() >> 8);
    file += text;
    for (const int32_t number : outputs[own]) {
      for (size_t part = 0; part < bytes; ++part) {
        file += static_cast<char>(static_cast<uint32_t>(number) >> (8 * part));
      }
    }
    const std::string path = folder + "/" + base + "." + name + ".npy";
    std::ofstream stream(path, std::ios::binary);
    stream.write(file.data(), static_cast<std::streamsize>(file.size()));
    stream.close();
    if (!stream) {
      throw Error(ErrorKind::open, "cannot write " + path + ": " + std::strerror(errno),
                  "check that the folder exists and that you may write to it");
    }
  }
}

}  // namespace seigo
