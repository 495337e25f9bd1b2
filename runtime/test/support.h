// What the test programs share: files, errors, the inputs of a frame.
#ifndef CERAS_TEST_SUPPORT_H
#define CERAS_TEST_SUPPORT_H

#include <cstdio>
#include <cstring>
#include <vector>

#include "ceras/ceras.hpp"

// The bytes of a file; none where it cannot be read.
inline std::vector<char> read(const char* path) {
  std::vector<char> bytes;
  if (std::FILE* file = std::fopen(path, "rb")) {
    for (int letter = std::fgetc(file); letter != EOF; letter = std::fgetc(file)) bytes.push_back(static_cast<char>(letter));
    std::fclose(file);
  }
  return bytes;
}

// Prints an error; the exit status of a program that it ends.
inline int failed(const ceras::Error& error) {
  std::printf("error[SG%04d]: %s\n", error.code, error.message.c_str());
  return 2;
}

// A set of kernels by its name; the best one for any other name.
inline ceras::Kernels kernels_named(const char* name) {
  const char* const names[] = {"best", "portable", "avx2", "avx512-vnni", "neon", "avx512-vbmi"};
  for (std::size_t at = 0; at < sizeof names / sizeof *names; ++at) {
    if (std::strcmp(name, names[at]) == 0) return static_cast<ceras::Kernels>(at);
  }
  return ceras::Kernels::best;
}

// Gives all inputs, whose floats lie one behind the other in `bytes`. 0, or the exit status.
inline int give_inputs(const ceras::Model& model, ceras::Context& context, const std::vector<char>& bytes) {
  std::size_t next = 0;
  for (std::size_t at = 0; at < model.inputs(); ++at) {
    std::vector<float> elements(model.input(at).elements());
    if (bytes.size() - next < 4 * elements.size()) return 1;
    std::memcpy(elements.data(), bytes.data() + next, 4 * elements.size());
    next += 4 * elements.size();
    if (const ceras::Error error = context.set_input(at, elements.data())) return failed(error);
  }
  return 0;
}

// All outputs of a frame, one behind the other; none where it cannot be computed.
inline std::vector<float> frame(const ceras::Model& model, ceras::Context& context, const std::vector<char>& inputs) {
  std::vector<float> outputs;
  if (give_inputs(model, context, inputs) != 0 || context.run()) return outputs;
  for (std::size_t at = 0; at < model.outputs(); ++at) {
    std::vector<float> own(model.output(at).elements());
    context.read_output(at, own.data());
    outputs.insert(outputs.end(), own.begin(), own.end());
  }
  return outputs;
}

// Whether both are there and have the same bits.
inline bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && !a.empty() && std::memcmp(a.data(), b.data(), 4 * a.size()) == 0;
}

#endif
