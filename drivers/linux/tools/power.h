// What the board's power monitors say.
#ifndef SEIGO_POWER_H
#define SEIGO_POWER_H

#include <chrono>
#include <string>
#include <vector>

namespace seigo {

// Power over time, from the monitors that the kernel knows (`power1_input` in /sys/class/hwmon, in microwatts): the
// board's one on a KV260 or Ultra96-V2, several rails on others, whose sum is taken. None is no error.
class Power {
 public:
  explicit Power(const std::string& root);
  // Reads the monitors, at most ten times a second, since they average over tens of milliseconds.
  void sample();
  // Whether a monitor was read.
  bool known() const { return samples_ > 0; }
  // Their average in watts.
  double watts() const { return sum_ / static_cast<double>(samples_) * 1e-6; }

 private:
  std::vector<std::string> monitors_;
  std::chrono::steady_clock::time_point next_;
  double sum_ = 0;
  size_t samples_ = 0;
};

}  // namespace seigo

#endif
