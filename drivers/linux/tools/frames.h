// Frames from files, streams and check vectors; outputs to files.
#ifndef SEIGO_FRAMES_H
#define SEIGO_FRAMES_H

#include <cstdio>
#include <string>
#include <vector>

#include "options.h"
#include "seigo/bundle.h"
#include "seigo/host.h"

namespace seigo {

// A frame to run.
struct Input {
  std::string name;
  HostFrame frame;
  ceras::Image picture;          // what it was made of; without pixels for an image buffer
  const Vector* vector = nullptr;  // what has to come out, of a check vector
};

// Where frames come from.
class Source {
 public:
  virtual ~Source() = default;
  // The next frame; false at the end. Throws Error.
  virtual bool next(Input& input) = 0;
};

// Frames that are there from the beginning, all of them so many times.
class Prepared : public Source {
 public:
  Prepared(std::vector<Input> frames, size_t repeat) : frames_(std::move(frames)), left_(frames_.size() * repeat) {}
  bool next(Input& input) override;
  size_t size() const { return frames_.size(); }

 private:
  std::vector<Input> frames_;
  size_t left_, at_ = 0;
};

// Pictures of one size, red, green and blue of every pixel, one behind the other in a file that may be a pipe.
class Stream : public Source {
 public:
  // `path` may be "-" for the standard input. Throws Error (open).
  Stream(const Host& host, const std::string& path, size_t width, size_t height);
  ~Stream() override;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  bool next(Input& input) override;

 private:
  const Host& host_;
  std::FILE* file_;
  size_t width_, height_, count_ = 0;
};

// Whether a file is a picture and not an image buffer: PPM or PGM.
bool is_picture(const std::vector<uint8_t>& file);

// A frame of a file: a picture of any size, or the image buffer. `host` is needed for pictures, and for the processor's
// layers. Throws Error.
Input read_frame(const Host* host, const std::string& path);

// Writes the outputs as FRAME.NAME.npy into a folder. Throws Error (open).
void write_outputs(const Bundle& bundle, const std::vector<Numbers>& outputs, const std::string& folder,
                   const std::string& frame);

// The name of a file without its folder.
std::string base_name(const std::string& path);

}  // namespace seigo

#endif
