// seigo-run: frames of a bundle on the accelerator, and the test that they are bit-exact.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <string>
#include <vector>

#include "frames.h"
#include "options.h"
#include "power.h"
#include "seigo/driver.h"
#include "seigo/error.h"

namespace {

using seigo::Bundle;
using seigo::Driver;
using seigo::Frame;
using seigo::Numbers;
using seigo::Options;
using seigo::Step;
using seigo::Vector;

constexpr int kDiffers = 1;
constexpr int kTrouble = 2;

// Frames one behind the other: the next image is in memory while one is computed. `done` gets every frame.
template <typename Done>
double pipeline(Driver& driver, const std::vector<std::vector<uint8_t>>& images, size_t repeat,
                const std::vector<Vector>& vectors, Done done) {
  const size_t count = images.size() * repeat;
  const auto started = std::chrono::steady_clock::now();
  for (size_t next = 0, frame = 0; frame < count; ++frame) {
    while (next < count && next < frame + 2) driver.submit(images[next++ % images.size()]);
    size_t step = 0;
    std::string wrong;
    // The check vectors know what the processor would compute.
    const auto processor = [&](const Step& own, const std::vector<Numbers>& reads) {
      const Vector& vector = vectors[frame % images.size()];
      if (wrong.empty()) wrong = seigo::difference(own.reads, vector.reads[step], reads);
      return vector.writes[step++];
    };
    const bool known = !vectors.empty();
    const Frame result = driver.collect(known ? seigo::Processor(processor) : nullptr);
    done(frame, result, wrong);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

// Cycles by cause beside those that the cost model predicts.
void show(const Bundle& bundle, const seigo::Counters& counters, size_t frames, double seconds) {
  std::printf("%zu frames in %.3f s: %.1f a second\n", frames, seconds, static_cast<double>(frames) / seconds);
  std::printf("%-14s %12s %12s\n", "cycles", "counted", "predicted");
  std::printf("%-14s %12" PRIu32 " %12" PRIu64 "\n", "of a frame", counters.cycles, bundle.predicted_cycles);
  for (uint32_t cause = 0; cause < SEIGO_STALLS; ++cause) {
    const char* name = seigo_stall_name(cause);
    const auto found = bundle.predicted_stalls.find(name);
    const uint64_t predicted = found == bundle.predicted_stalls.end() ? 0 : found->second;
    std::printf("%-14s %12" PRIu32 " %12" PRIu64 "\n", name, counters.stalls[cause], predicted);
  }
}

int run(const Options& options) {
  const Bundle bundle(options.bundle);
  std::vector<Vector> vectors;
  std::vector<std::vector<uint8_t>> images;
  std::vector<std::string> names = options.inputs;
  if (options.inputs.empty()) {
    vectors = bundle.vectors();
    for (const Vector& vector : vectors) {
      names.push_back("check" + std::to_string(images.size()));
      images.push_back(vector.image);
    }
  }
  for (const std::string& path : options.inputs) images.push_back(seigo::read_frame(bundle, path));
  if (images.empty()) {
    throw seigo::Error(seigo::ErrorKind::bundle, "the bundle has no check vectors", "give frames");
  }
  auto transport = options.simulated.empty() ? seigo::open_uio(options.places)
                                             : seigo::open_simulated(options.simulated);
  Driver driver(bundle, std::move(transport), options.timeout);
  seigo::Power power(options.places.root);
  seigo::Counters last;
  size_t failed = 0;
  const double seconds =
      pipeline(driver, images, options.repeat, vectors, [&](size_t index, const Frame& frame, std::string wrong) {
        last = frame.counters;
        power.sample();
        const size_t own = index % images.size();
        if (options.check) {
          if (wrong.empty()) wrong = seigo::difference(bundle.outputs, vectors[own].outputs, frame.outputs);
          if (!wrong.empty()) std::printf("frame %zu: %s\n", index, wrong.c_str());
          failed += wrong.empty() ? 0 : 1;
        }
        if (!options.output.empty()) seigo::write_outputs(bundle, frame.outputs, options.output, names[own]);
      });
  show(bundle, last, images.size() * options.repeat, seconds);
  if (power.known()) {
    std::printf("power: %.2f W on average, %.3f mWh\n", power.watts(), power.watts() * seconds / 3.6);
  }
  if (!options.check) return 0;
  std::printf("%s: %zu of %zu frames differ from the check vectors\n", failed == 0 ? "PASS" : "FAIL", failed,
              images.size() * options.repeat);
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
