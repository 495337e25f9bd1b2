// What can go wrong, in words.
#ifndef SEIGO_ERROR_H
#define SEIGO_ERROR_H

#include <stdexcept>
#include <string>

namespace seigo {

enum class ErrorKind {
  open,      // a device or a file cannot be opened or used
  bundle,    // a file of the bundle is not what it should be
  mismatch,  // bitstream, program and bundle do not belong together
  timeout,   // the accelerator did not answer in time
  fault,     // the accelerator ended the frame by an error
  memory,    // the shared memory is too small
  argument,  // the caller gave something that makes no sense
};

// What is wrong (`what`) and what to do about it (`advice`).
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message, std::string advice)
      : std::runtime_error(message), kind_(kind), advice_(std::move(advice)) {}
  ErrorKind kind() const { return kind_; }
  const std::string& advice() const { return advice_; }

 private:
  ErrorKind kind_;
  std::string advice_;
};

}  // namespace seigo

#endif
