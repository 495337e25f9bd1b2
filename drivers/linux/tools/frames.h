// Frames from files, outputs to files.
#ifndef SEIGO_FRAMES_H
#define SEIGO_FRAMES_H

#include <cstdint>
#include <string>
#include <vector>

#include "seigo/bundle.h"

namespace seigo {

// The image buffer for a file: a PPM image of the network's size, or the buffer itself. Throws Error.
std::vector<uint8_t> read_frame(const Bundle& bundle, const std::string& path);

// Writes the outputs as FRAME.NAME.npy into a folder. Throws Error (open).
void write_outputs(const Bundle& bundle, const std::vector<Numbers>& outputs, const std::string& folder,
                   const std::string& frame);

}  // namespace seigo

#endif
