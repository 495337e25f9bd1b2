// A module with its clock and reset, for benches that drive it edge by edge.
#pragma once

#include <memory>

#include "verilated.h"

template <typename Top>
struct Clocked {
  std::unique_ptr<VerilatedContext> context = std::make_unique<VerilatedContext>();
  std::unique_ptr<Top> top;
  long cycle = 0;

  // Registers begin random; inputs are 0.
  Clocked() {
    context->randReset(2);
    top = std::make_unique<Top>(context.get());
  }

  void edge() {
    top->aclk = 1;
    top->eval();
    top->aclk = 0;
    top->eval();
    ++cycle;
  }

  void reset() {
    top->aresetn = 0;
    edge();
    edge();
    top->aresetn = 1;
  }
};
