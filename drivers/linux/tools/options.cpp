#include "options.h"

#include <cstdio>
#include <cstdlib>

#include "seigo/error.h"

namespace seigo {

namespace {

constexpr char kHelp[] =
    "Runs frames of a bundle on the accelerator.\n"
    "\n"
    "  seigo-run BUNDLE [FRAME...] [options]\n"
    "\n"
    "A FRAME is a PPM or PGM picture (P6, P5) of any size, for a model with a task, or a file with the whole\n"
    "image buffer. Without one, the frames of the bundle's check vectors run.\n"
    "\n"
    "  --check             compare every output of the check vectors: pass or fail\n"
    "  --boxes             print what the task makes of every frame, a line of JSON each; the rest goes to stderr\n"
    "  --draw DIR          write every picture with its boxes as FRAME.boxes.ppm\n"
    "  --margin M          compute a frame again, on the processor in float, where a score is nearer than M to a decision;\n"
    "                      for a model with layers in both forms (docs/runtime.md)\n"
    "  --frames FILE       raw pictures from a file or, with -, from the standard input: red, green, blue\n"
    "  --size WxH          their width and height\n"
    "  --output DIR        write the outputs as FRAME.NAME.npy: integers, channel, row, column\n"
    "  --repeat N          run all frames N times\n"
    "  --timeout MS        longest wait for a frame (10000)\n"
    "  --simulated SOCKET  the device that `seigo device` made, instead of the board's\n"
    "  --uio NAME          name of the UIO device (seigo)\n"
    "  --memory NAME       name of the u-dma-buf device (seigo)\n"
    "  --root DIR          folder with dev and sys (/)\n"
    "\n"
    "Exit status: 0 done or equal, 1 the check failed, 2 trouble.\n";

size_t number(const std::string& option, const std::string& text, size_t most) {
  char* end = nullptr;
  const unsigned long long value = std::strtoull(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || text[0] == '-' || value == 0 || value > most) {
    throw Error(ErrorKind::argument, option + " " + text, "give a number from 1 to " + std::to_string(most));
  }
  return static_cast<size_t>(value);
}

}  // namespace

namespace {

// Above 0, up to 1.
float share(const std::string& option, const std::string& text) {
  char* end = nullptr;
  const float value = std::strtof(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value > 0 && value <= 1)) {
    throw Error(ErrorKind::argument, option + " " + text, "give a number above 0, up to 1");
  }
  return value;
}

// 640x480.
void read_size(const std::string& text, Options& options) {
  constexpr size_t kMost = 32768;
  const size_t cross = text.find('x');
  if (cross == std::string::npos) throw Error(ErrorKind::argument, "--size " + text, "give width and height as 640x480");
  options.width = number("--size", text.substr(0, cross), kMost);
  options.height = number("--size", text.substr(cross + 1), kMost);
}

// Options that do not go together.
void check(const Options& options) {
  const auto refuse = [](const char* what, const char* advice) { throw Error(ErrorKind::argument, what, advice); };
  if (options.bundle.empty()) refuse("no bundle is given", "see --help");
  const bool frames = !options.inputs.empty() || !options.stream.empty();
  if (options.check && frames) refuse("--check takes its frames from the bundle", "leave the frames out");
  if (options.margin > 0 && !options.boxes && options.draw.empty()) {
    refuse("--margin is for boxes and classes", "give --boxes or --draw too");
  }
  if (options.check && (options.boxes || !options.draw.empty())) {
    refuse("--check compares integers, not boxes", "leave --boxes and --draw out");
  }
  if (!options.inputs.empty() && !options.stream.empty()) refuse("frames are given and --frames", "give one of them");
  if (options.stream.empty() != (options.width == 0)) refuse("--frames and --size go together", "give both");
  if (!options.stream.empty() && options.repeat != 1) refuse("a stream cannot be repeated", "leave --repeat out");
  if ((options.boxes || !options.draw.empty()) && !frames) {
    refuse("the bundle's check vectors are no pictures", "give frames");
  }
}

}  // namespace

bool read_options(int count, char** arguments, Options& options) {
  for (int at = 1; at < count; ++at) {
    const std::string word = arguments[at];
    const auto value = [&]() -> std::string {
      if (at + 1 == count) throw Error(ErrorKind::argument, word + " lacks its value", "see --help");
      return arguments[++at];
    };
    if (word == "--help" || word == "-h") {
      std::fputs(kHelp, stdout);
      return false;
    }
    if (word == "--check") options.check = true;
    else if (word == "--boxes") options.boxes = true;
    else if (word == "--draw") options.draw = value();
    else if (word == "--margin") options.margin = share(word, value());
    else if (word == "--frames") options.stream = value();
    else if (word == "--size") read_size(value(), options);
    else if (word == "--output") options.output = value();
    else if (word == "--repeat") options.repeat = number(word, value(), 1000000000);
    else if (word == "--timeout") options.timeout = std::chrono::milliseconds(number(word, value(), 86400000));
    else if (word == "--simulated") options.simulated = value();
    else if (word == "--uio") options.places.uio = value();
    else if (word == "--memory") options.places.memory = value();
    else if (word == "--root") options.places.root = value();
    else if (word.rfind("-", 0) == 0) throw Error(ErrorKind::argument, "there is no option " + word, "see --help");
    else if (options.bundle.empty()) options.bundle = word;
    else options.inputs.push_back(word);
  }
  check(options);
  return true;
}

}  // namespace seigo
