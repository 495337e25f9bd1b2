#include "frames.h"

#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "seigo/error.h"

namespace seigo {

namespace {

void put_picture(const Host& host, ceras::Image picture, Input& input) {
  input.frame = host.begin(picture);
  input.picture = std::move(picture);
}

}  // namespace

bool Prepared::next(Input& input) {
  if (left_ == 0) return false;
  --left_;
  input = frames_[at_];
  at_ = (at_ + 1) % frames_.size();
  return true;
}

Stream::Stream(const Host& host, const std::string& path, size_t width, size_t height)
    : host_(host), file_(path == "-" ? stdin : std::fopen(path.c_str(), "rb")), width_(width), height_(height) {
  if (file_ == nullptr) {
    throw Error(ErrorKind::open, "cannot read " + path + ": " + std::strerror(errno), "check that the path exists");
  }
}

Stream::~Stream() {
  if (file_ != stdin) std::fclose(file_);
}

bool Stream::next(Input& input) {
  ceras::Image picture;
  picture.width = width_;
  picture.height = height_;
  picture.pixels.resize(3 * width_ * height_);
  const size_t count = std::fread(picture.pixels.data(), 1, picture.pixels.size(), file_);
  if (count == 0 && std::ferror(file_) == 0) return false;
  if (count != picture.pixels.size()) {
    throw Error(ErrorKind::argument,
                "frame " + std::to_string(count_) + " of the stream has " + std::to_string(count) + " of " +
                    std::to_string(picture.pixels.size()) + " bytes",
                "check --size, and that pixels are three bytes: red, green, blue");
  }
  input = Input();
  input.name = "frame" + std::to_string(count_++);
  put_picture(host_, std::move(picture), input);
  return true;
}

bool is_picture(const std::vector<uint8_t>& file) {
  return file.size() > 2 && file[0] == 'P' && (file[1] == '6' || file[1] == '5') && std::isspace(file[2]) != 0;
}

Input read_frame(const Host* host, const std::string& path) {
  Input input;
  input.name = base_name(path);
  std::vector<uint8_t> file = read_file(path);
  if (host != nullptr && is_picture(file)) {
    ceras::Image picture;
    const ceras::Error error = ceras::parse_image(file.data(), file.size(), picture);
    if (error) throw Error(ErrorKind::argument, path + ": " + error.message, "write it again as PPM or PGM of 8 bits");
    put_picture(*host, std::move(picture), input);
  } else if (host != nullptr) {
    input.frame = host->begin(std::move(file));
  } else {
    input.frame.image = std::move(file);
  }
  return input;
}

std::string base_name(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

void write_outputs(const Bundle& bundle, const std::vector<Numbers>& outputs, const std::string& folder,
                   const std::string& frame) {
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
    const std::string path = folder + "/" + frame + "." + name + ".npy";
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
