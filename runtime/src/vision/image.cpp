// Images in and out: binary PPM and PGM.
#include <cstdio>
#include <cstring>

#include "spec.h"

namespace ceras {

namespace {

constexpr std::size_t kMaxSide = std::size_t{1} << 15;

bool is_blank(std::uint8_t letter) { return letter == ' ' || (letter >= '\t' && letter <= '\r'); }

// The next number of the head; blanks and comments stand before it.
bool head(const std::uint8_t* bytes, std::size_t size, std::size_t& at, std::size_t& number) {
  while (at < size && (is_blank(bytes[at]) || bytes[at] == '#')) {
    const bool comment = bytes[at] == '#';
    while (comment && at < size && bytes[at] != '\n') ++at;
    if (!comment) ++at;
  }
  const std::size_t begin = at;
  number = 0;
  for (; at < size && bytes[at] >= '0' && bytes[at] <= '9' && at - begin < 6; ++at) number = number * 10 + (bytes[at] - '0');
  return at > begin && at < size && is_blank(bytes[at]);
}

bool broken(Error& error, const char* what) { return detail::fail(error, format::kImageDecode, what); }

bool decode(const std::uint8_t* bytes, std::size_t size, Image& image, Error& error) {
  const bool gray = size > 2 && bytes[0] == 'P' && bytes[1] == '5', color = size > 2 && bytes[0] == 'P' && bytes[1] == '6';
  std::size_t at = 2, most = 0;
  if (!gray && !color) return broken(error, "not a binary PPM or PGM image");
  if (!head(bytes, size, at, image.width) || !head(bytes, size, at, image.height) || !head(bytes, size, at, most)) {
    return broken(error, "the head of the image is damaged");
  }
  ++at;
  if (most != 255) return broken(error, "the image is not of 8 bits");
  if (image.width == 0 || image.height == 0) return broken(error, "the image has no pixels");
  if (image.width > kMaxSide || image.height > kMaxSide) return broken(error, "the image is too large");
  const std::size_t pixels = image.width * image.height, samples = gray ? 1 : 3;
  if ((size - at) / samples < pixels) return broken(error, "the image is cut off");
  image.pixels.resize(3 * pixels);
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      image.pixels[3 * pixel + channel] = bytes[at + pixel * samples + (gray ? 0 : channel)];
    }
  }
  return true;
}

}  // namespace

Error parse_image(const void* bytes, std::size_t size, Image& image) {
  Error error;
  if (!decode(static_cast<const std::uint8_t*>(bytes), size, image, error)) image = Image();
  return error;
}

Error read_image(const char* path, Image& image) {
  Error error;
  std::vector<std::uint8_t> bytes;
  image = Image();
  if (!detail::read_whole(path, bytes, error)) return error;
  error = parse_image(bytes.data(), bytes.size(), image);
  if (error) error.message = std::string(path) + ": " + error.message;
  return error;
}

Error write_image(const char* path, const Image& image) {
  Error error;
  const std::string beside = std::string(path) + ".part";
  std::FILE* file = std::fopen(beside.c_str(), "wb");
  bool good = file != nullptr;
  if (good) {
    const std::string head = "P6\n" + std::to_string(image.width) + " " + std::to_string(image.height) + "\n255\n";
    good = std::fwrite(head.data(), 1, head.size(), file) == head.size() &&
           std::fwrite(image.pixels.data(), 1, image.pixels.size(), file) == image.pixels.size();
    good = std::fclose(file) == 0 && good;
  }
  if (good && std::rename(beside.c_str(), path) == 0) return error;
  if (file != nullptr) std::remove(beside.c_str());
  detail::fail(error, format::kFileWrite, std::string(path) + " cannot be written");
  return error;
}

}  // namespace ceras
