// The command line of seigo-run.
#ifndef SEIGO_OPTIONS_H
#define SEIGO_OPTIONS_H

#include <chrono>
#include <string>
#include <vector>

#include "seigo/transport.h"

namespace seigo {

struct Options {
  std::string bundle;
  std::vector<std::string> inputs;  // frames
  std::string stream;               // file with raw pictures, "-" for the standard input; empty for none
  size_t width = 0, height = 0;     // of its pictures
  std::string simulated;            // socket; empty for the board
  Places places;
  std::string output;  // folder for outputs; empty for none
  bool boxes = false;  // what the task says of every frame, as JSON
  std::string draw;    // folder for pictures with boxes; empty for none
  float margin = 0;    // within which an answer is computed again in float; 0 for never
  bool check = false;
  size_t repeat = 1;  // how often all frames run
  std::chrono::milliseconds timeout{10000};
};

// Reads the arguments; throws Error (argument). False after --help, which was printed.
bool read_options(int count, char** arguments, Options& options);

}  // namespace seigo

#endif
