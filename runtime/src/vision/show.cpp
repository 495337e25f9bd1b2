// Predictions for people and programs: JSON, and boxes on an image.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "spec.h"

namespace ceras {

namespace {

// The shortest text that reads as this number again.
std::string shortest(float number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number);
  return std::string(text, end.ptr);
}

std::string ranked(std::size_t label, float score, const Task* names) {
  const std::string name = names != nullptr ? ",\"name\":" + json_text(names->name(label)) : "";
  return "{\"class\":" + std::to_string(label) + name + ",\"score\":" + shortest(score);
}

// A saturated color; neighbors are far apart, since multiples of the golden angle never come close for long.
void color_of(std::size_t label, std::uint8_t (&rgb)[3]) {
  const double hue = std::fmod(static_cast<double>(label) * 137.50776405, 360.0);
  for (int channel = 0; channel < 3; ++channel) {
    const double place = std::fmod(hue / 60.0 + 5.0 - 2.0 * channel, 6.0);
    const double depth = std::min(std::max(std::min(place, 4.0 - place), 0.0), 1.0);
    rgb[channel] = static_cast<std::uint8_t>(std::lround(255.0 * (1.0 - depth)));
  }
}

// A rectangle of pixels, clipped; right and bottom are excluded.
void fill(Image& image, std::int64_t left, std::int64_t top, std::int64_t right, std::int64_t bottom, const std::uint8_t (&rgb)[3]) {
  const std::int64_t width = static_cast<std::int64_t>(image.width), height = static_cast<std::int64_t>(image.height);
  for (std::int64_t y = std::max<std::int64_t>(top, 0); y < std::min(bottom, height); ++y) {
    for (std::int64_t x = std::max<std::int64_t>(left, 0); x < std::min(right, width); ++x) {
      std::copy(rgb, rgb + 3, image.pixels.begin() + static_cast<std::ptrdiff_t>(3 * (y * width + x)));
    }
  }
}

// Pixels of an edge; far outside is as good as beyond.
std::int64_t pixel(float edge) { return std::lround(std::min(std::max(edge, -1e6f), 1e6f)); }

}  // namespace

std::string json_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (static_cast<unsigned char>(letter) < 0x20) {
      constexpr char kDigits[] = "0123456789abcdef";
      quoted += std::string("\\u00") + kDigits[letter >> 4] + kDigits[letter & 15];
      continue;
    }
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + "\"";
}

std::string to_json(const Prediction& prediction, const Task* names) {
  std::string text = "{\"format\":\"seigo-prediction\",\"version\":1,";
  text += prediction.detector ? "\"detections\":[" : "\"classes\":[";
  const char* between = "";
  for (const Detection& own : prediction.detections) {
    text += between + ranked(own.label, own.score, names) + ",\"bbox\":{\"x1\":" + shortest(own.box.x1) + ",\"y1\":" + shortest(own.box.y1) +
            ",\"x2\":" + shortest(own.box.x2) + ",\"y2\":" + shortest(own.box.y2) + "}}";
    between = ",";
  }
  for (const ClassScore& own : prediction.classes) {
    text += between + ranked(own.label, own.score, names) + "}";
    between = ",";
  }
  return text + "]}";
}

void draw(const Prediction& prediction, Image& image) {
  const std::int64_t thick = static_cast<std::int64_t>(std::max<std::size_t>(std::max(image.width, image.height) / 300, 1));
  // The best one is drawn last, on top of the others.
  for (std::size_t at = prediction.detections.size(); at-- > 0;) {
    const Detection& own = prediction.detections[at];
    const std::int64_t left = pixel(own.box.x1), top = pixel(own.box.y1), right = pixel(own.box.x2), bottom = pixel(own.box.y2);
    std::uint8_t rgb[3];
    color_of(own.label, rgb);
    fill(image, left, top, right, top + thick, rgb);
    fill(image, left, bottom - thick, right, bottom, rgb);
    fill(image, left, top, left + thick, bottom, rgb);
    fill(image, right - thick, top, right, bottom, rgb);
  }
}

}  // namespace ceras
