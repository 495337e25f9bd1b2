// seigo-run: frames of a bundle on the accelerator, and the test that they are bit-exact.
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "frames.h"
#include "options.h"
#include "power.h"
#include "seigo/driver.h"
#include "seigo/error.h"
#include "seigo/host.h"

namespace {

using seigo::Bundle;
using seigo::Driver;
using seigo::Frame;
using seigo::Host;
using seigo::Input;
using seigo::Numbers;
using seigo::Options;
using seigo::Step;

constexpr int kDiffers = 1;
constexpr int kTrouble = 2;

// What the processor does in the middle of a frame: what the check vector knows of it, or the layers.
seigo::Processor processor(Host* host, Input& input, std::string& wrong) {
  if (input.vector != nullptr) {
    return [&input, &wrong, step = size_t{0}](const Step& own, const std::vector<Numbers>& reads) mutable {
      if (wrong.empty()) wrong = seigo::difference(own.reads, input.vector->reads[step], reads);
      return input.vector->writes[step++];
    };
  }
  if (host == nullptr) return nullptr;
  return [host, &input](const Step& own, const std::vector<Numbers>& reads) { return host->step(input.frame, own, reads); };
}

// Frames one behind the other: the next image is in memory while one is computed. `done` gets every frame; the result is
// how many there were.
template <typename Done>
size_t pipeline(Driver& driver, seigo::Source& source, Host* host, const Done& done) {
  std::deque<Input> waiting;
  bool more = true;
  size_t count = 0;
  for (;; ++count) {
    while (more && waiting.size() < 2) {
      Input input;
      more = source.next(input);
      if (!more) break;
      driver.submit(input.frame.image);
      waiting.push_back(std::move(input));
    }
    if (waiting.empty()) return count;
    std::string wrong;
    const Frame frame = driver.collect(processor(host, waiting.front(), wrong));
    done(count, waiting.front(), frame, wrong);
    waiting.pop_front();
  }
}

// Cycles by cause beside those that the cost model predicts.
void show(std::FILE* out, const Bundle& bundle, const seigo::Counters& counters, size_t frames, double seconds) {
  std::fprintf(out, "%zu frames in %.3f s: %.1f a second\n", frames, seconds, static_cast<double>(frames) / seconds);
  std::fprintf(out, "%-14s %12s %12s\n", "cycles", "counted", "predicted");
  std::fprintf(out, "%-14s %12" PRIu32 " %12" PRIu64 "\n", "of a frame", counters.cycles, bundle.predicted_cycles);
  for (uint32_t cause = 0; cause < SEIGO_STALLS; ++cause) {
    const char* name = seigo_stall_name(cause);
    const auto found = bundle.predicted_stalls.find(name);
    const uint64_t predicted = found == bundle.predicted_stalls.end() ? 0 : found->second;
    std::fprintf(out, "%-14s %12" PRIu32 " %12" PRIu64 "\n", name, counters.stalls[cause], predicted);
  }
}

bool wants_boxes(const Options& options) { return options.boxes || !options.draw.empty(); }

// Whether the model's file is needed: for pictures, boxes, and layers of the processor that no check vector knows.
bool needs_host(const Options& options, const Bundle& bundle) {
  bool pictures = !options.stream.empty();
  for (const std::string& path : options.inputs) pictures = pictures || seigo::is_picture(seigo::read_file(path));
  return pictures || wants_boxes(options) || (!options.inputs.empty() && !bundle.steps.empty());
}

// Where frames come from; `vectors` gets those of the bundle, where no others are given.
std::unique_ptr<seigo::Source> source_of(const Options& options, const Bundle& bundle, const Host* host,
                                         std::vector<seigo::Vector>& vectors) {
  if (!options.stream.empty()) {
    return std::make_unique<seigo::Stream>(*host, options.stream, options.width, options.height);
  }
  std::vector<Input> frames;
  for (const std::string& path : options.inputs) frames.push_back(seigo::read_frame(host, path));
  if (frames.empty()) vectors = bundle.vectors();
  for (const seigo::Vector& vector : vectors) {
    Input input;
    input.name = "check" + std::to_string(frames.size());
    input.frame.image = vector.image;
    input.vector = &vector;
    frames.push_back(std::move(input));
  }
  if (frames.empty()) throw seigo::Error(seigo::ErrorKind::bundle, "the bundle has no check vectors", "give frames");
  return std::make_unique<seigo::Prepared>(std::move(frames), options.repeat);
}

// Boxes of a frame, as text and drawn.
void predict(const Options& options, Host& host, Input& input, const Frame& frame) {
  const ceras::Prediction prediction = host.finish(input.frame, frame.outputs);
  if (options.boxes) {
    const std::string text = ceras::to_json(prediction, host.task());
    std::printf("{\"frame\":%s,%s\n", ceras::json_text(input.name).c_str(), text.c_str() + 1);
    std::fflush(stdout);
  }
  if (options.draw.empty() || input.picture.pixels.empty()) return;
  ceras::draw(prediction, input.picture);
  const std::string path = options.draw + "/" + input.name + ".boxes.ppm";
  const ceras::Error error = ceras::write_image(path.c_str(), input.picture);
  if (error) throw seigo::Error(seigo::ErrorKind::open, error.message, "check that the folder exists");
}

int run(const Options& options) {
  const Bundle bundle(options.bundle);
  std::unique_ptr<Host> host;
  if (needs_host(options, bundle)) host = std::make_unique<Host>(bundle, wants_boxes(options));
  if (wants_boxes(options) && host->task() == nullptr) {
    throw seigo::Error(seigo::ErrorKind::bundle, "the model has no task: nothing says what its outputs mean",
                       "quantize it with a task file (docs/task.md), and build the bundle again");
  }
  if (options.margin > 0) host->repeat_within(options.margin);
  std::vector<seigo::Vector> vectors;
  const auto source = source_of(options, bundle, host.get(), vectors);
  auto transport = options.simulated.empty() ? seigo::open_uio(options.places)
                                             : seigo::open_simulated(options.simulated);
  Driver driver(bundle, std::move(transport), options.timeout);
  seigo::Power power(options.places.root);
  seigo::Counters last;
  size_t failed = 0;
  const auto done = [&](size_t index, Input& input, const Frame& frame, std::string wrong) {
    last = frame.counters;
    power.sample();
    if (options.check) {
      if (wrong.empty()) wrong = seigo::difference(bundle.outputs, input.vector->outputs, frame.outputs);
      if (!wrong.empty()) std::printf("frame %zu: %s\n", index, wrong.c_str());
      failed += wrong.empty() ? 0 : 1;
    }
    if (!options.output.empty()) seigo::write_outputs(bundle, frame.outputs, options.output, input.name);
    if (wants_boxes(options)) predict(options, *host, input, frame);
  };
  const auto started = std::chrono::steady_clock::now();
  const size_t frames = pipeline(driver, *source, host.get(), done);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::FILE* const out = options.boxes ? stderr : stdout;
  show(out, bundle, last, frames, seconds);
  if (options.margin > 0) std::fprintf(out, "%zu frames computed again in float\n", host->repeated());
  if (power.known()) {
    std::fprintf(out, "power: %.2f W on average, %.3f mWh\n", power.watts(), power.watts() * seconds / 3.6);
  }
  if (!options.check) return 0;
  std::printf("%s: %zu of %zu frames differ from the check vectors\n", failed == 0 ? "PASS" : "FAIL", failed, frames);
  return failed == 0 ? 0 : kDiffers;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    Options options;
    return seigo::read_options(count, arguments, options) ? run(options) : 0;
  } catch (const seigo::Error& error) {
    std::fprintf(stderr, "error: %s\n  help: %s\n", error.what(), error.advice().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
  }
  return kTrouble;
}
