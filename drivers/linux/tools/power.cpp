#include "power.h"

#include <dirent.h>

#include <fstream>

namespace seigo {

Power::Power(const std::string& root) : next_(std::chrono::steady_clock::now()) {
  const std::string folder = root + "/sys/class/hwmon";
  DIR* entries = opendir(folder.c_str());
  if (entries == nullptr) return;
  while (const dirent* entry = readdir(entries)) {
    const std::string path = folder + "/" + entry->d_name + "/power1_input";
    if (std::ifstream(path).good()) monitors_.push_back(path);
  }
  closedir(entries);
}

void Power::sample() {
  const auto now = std::chrono::steady_clock::now();
  if (monitors_.empty() || now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  double sum = 0;
  for (const std::string& path : monitors_) {
    std::ifstream file(path);
    double microwatts = 0;
    if (!(file >> microwatts)) return;
    sum += microwatts;
  }
  sum_ += sum;
  ++samples_;
}

}  // namespace seigo
