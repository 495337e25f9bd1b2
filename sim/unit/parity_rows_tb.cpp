// parameters: P=2 RowBits=15
// parameters: P=4 RowBits=14
// parameters: P=8 RowBits=13
//
// Rows by parity: every pixel at the word that its address says, each word once; as they come in passes without; with a row
// in every other cycle, one leaves in every other cycle.
#include <cstdio>
#include <cstdlib>
#include <map>

#include "Vseigo_parity_rows.h"
#include "clocked.h"
#include "testbench.h"

static constexpr int P = PARAM_P, RowBits = PARAM_RowBits;
static Random draw(1);
static int uniform(int low, int high) { return int(draw.in(low, high)); }

// The word of a pixel: bits 0 to log2(P) of its address change places.
static int word_of(int address) {
  int odd = address & 1, half = address / 2 % P;
  return address / (2 * P) * 2 * P + (odd ? P + (half ^ (P / 2)) : half);
}

int main() {
  Clocked<Vseigo_parity_rows> clocked;
  auto& top = clocked.top;
  const long& cycle = clocked.cycle;
  auto edge = [&] { clocked.edge(); };
  top->valid_i = top->req_ready_i = 0;
  clocked.reset();
  int exact = 0;
  for (int pass = 0; pass < 1000; pass++) {
    auto fail = [&](const char* what) {
      printf("FAIL at cycle %ld: %s (pass %d)\n", cycle, what, pass);
      exit(1);
    };
    bool on = pass % 4 != 3, stalls = pass % 3 != 0;
    int rows = 2 * uniform(1, 20), base = 2 * uniform(0, (1 << (RowBits - 1)) - rows);
    int gap_in = stalls ? uniform(0, 70) : 0, gap_out = stalls ? uniform(0, 70) : 0;
    std::map<int, int> found;  // by word: the pixel's address
    int fed = 0, left = 0, wait = 0;
    long last_in = 0, last_out = 0;
    bool valid = false;
    top->on_i = on;
    top->eval();
    if (!top->idle_o) fail("not idle");
    for (long limit = cycle + 10000; left < rows;) {
      if (cycle > limit) fail("no end");
      // A row is complete in every other cycle at most.
      if (!valid && fed < rows && wait == 0 && uniform(1, 100) > gap_in) valid = true;
      if (wait > 0) wait--;
      top->valid_i = valid;
      top->row_i = base + fed;
      top->enable_i = (1 << P) - 1;
      for (int k = 0; k < 4 * P; k++) top->data_i[k] = valid ? ((base + fed) * P + k / 4) * 4 + k % 4 : draw.next();
      top->req_ready_i = uniform(1, 100) > gap_out;
      top->eval();
      bool taken = valid && top->ready_o;
      if (valid) last_in = fed + 1 == rows && last_in == 0 ? cycle : last_in;
      if (top->req_valid_o && top->req_ready_i) {
        if (int(top->req_enable_o) != (1 << P) - 1) fail("enables");
        for (int b = 0; b < P; b++) {
          int pixel = int(top->req_data_o[4 * b]) / 4, word = int(top->req_row_o) * P + b;
          for (int k = 0; k < 4; k++)
            if (int(top->req_data_o[4 * b + k]) != pixel * 4 + k) fail("a word of two pixels");
          if (!found.emplace(word, pixel).second) fail("a word twice");
          if (word != (on ? word_of(pixel) : pixel)) fail("a pixel at the wrong word");
        }
        left++;
        last_out = cycle;
      }
      edge();
      if (taken) {
        valid = false;
        fed++;
        wait = 1;
      }
    }
    top->valid_i = top->req_ready_i = 0;
    top->eval();
    if (!top->idle_o || fed != rows || int(found.size()) != rows * P) fail("something is left");
    if (!stalls) {
      if (last_out - last_in != (on ? 1 : 0)) fail("a bubble");
      exact++;
    }
  }
  printf("parity_rows: 1000 passes, %d of them exact to the cycle\n", exact);
  return 0;
}
