// Numbers of the model file, the arithmetic and the errors. Generated from src/model/ceras/layout.rs,
// src/base/arithmetic and src/base/error/codes.rs by `make generate`.
#ifndef CERAS_FORMAT_H
#define CERAS_FORMAT_H

#include <cstddef>
#include <cstdint>

namespace ceras::format {

struct Field {
  std::size_t offset, size;
};

constexpr std::uint8_t kMagic[8] = {0x89, 0x43, 0x45, 0x52, 0x0d, 0x0a, 0x1a, 0x0a};
constexpr std::size_t kVersion = 1;
constexpr std::size_t kContents = 1;
constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kEntrySize = 32;
constexpr std::size_t kMaxSections = 64;
constexpr std::size_t kSectionAlignment = 64;
constexpr std::size_t kMaxElements = 268435456;
constexpr std::size_t kMaxExtent = 16777216;
constexpr int kTags = 10;
constexpr int kFirstOptionalTag = 7;
constexpr int kFraction = 10;
constexpr int kLeastFraction = -12;
constexpr int kMostFraction = 24;
constexpr int kArgumentBits = 20;
constexpr int kTwoSegmentEntries = 240;
constexpr int kUniformEntries = 1024;
constexpr int kMaxAlignment = 24;
constexpr int kMaxShift = 55;

// Sections in the order of the file.
enum Tag : int { kMeta, kGrph, kWgts, kPrms, kScls, kFunc, kCnst, kFlts, kPlan, kProg };
constexpr const char* kTagLetters[kTags] = {"META", "GRPH", "WGTS", "PRMS", "SCLS", "FUNC", "CNST", "FLTS", "PLAN", "PROG"};

namespace header {
constexpr Field kMagic{0, 8};
constexpr Field kVersion{8, 4};
constexpr Field kSections{12, 4};
constexpr Field kFileSize{16, 8};
constexpr Field kReserved{24, 4};
constexpr Field kCrc{28, 4};
}  // namespace header

namespace entry {
constexpr Field kTag{0, 4};
constexpr Field kVersion{4, 4};
constexpr Field kOffset{8, 8};
constexpr Field kSize{16, 8};
constexpr Field kCrc{24, 4};
constexpr Field kReserved{28, 4};
}  // namespace entry

// Codes of docs/errors.md.
constexpr int kFileRead = 101;  // A file could not be read.
constexpr int kFileWrite = 102;  // A file could not be written.
constexpr int kShape = 301;  // Shapes or element types of an operator's inputs do not fit.
constexpr int kImageDecode = 401;  // A file is not a readable JPEG or PNG image.
constexpr int kTaskSpec = 403;  // The description of pre- and post-processing is malformed or missing.
constexpr int kTaskOutput = 405;  // The network's outputs do not fit the described post-processing.
constexpr int kNonFinite = 503;  // A value computed on a calibration image is NaN or infinite.
constexpr int kAccumulator = 504;  // A 32-bit accumulator could overflow.
constexpr int kQuantizedGraph = 506;  // A quantized graph breaks a rule.
constexpr int kCerasFormat = 601;  // The file is not a .ceras model, or it is damaged.
constexpr int kCerasVersion = 602;  // The .ceras file was written by a newer version.
constexpr int kRuntimeOperator = 603;  // A layer needs something that the C++ runtime does not have.
constexpr int kFloatForm = 604;  // A model file has not the layer in float that a choice asks for.

}  // namespace ceras::format

#endif
