// What the files of the interface for C share.
#ifndef CERAS_C_INTERFACE_H
#define CERAS_C_INTERFACE_H

#include "ceras/ceras.h"
#include "ceras/ceras.hpp"

struct ceras_model {
  std::unique_ptr<ceras::Model> model;
};

namespace ceras::detail {

// The code of an error, which is told to the caller where it wants to know.
int told(const ceras::Error& own, ceras_error* error);

}  // namespace ceras::detail

#endif
