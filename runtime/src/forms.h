// Which form runs of layers that have two, frame by frame.
#ifndef CERAS_FORMS_H
#define CERAS_FORMS_H

#include <chrono>

#include "graph.h"

namespace ceras::detail {

// The forms of one context's frames.
class Forms {
 public:
  explicit Forms(const Network& network);

  std::vector<Form> wanted;      // by choice; what follows is not asked
  double limit = 0;              // seconds of a frame; none where 0
  bool is_measured() const { return frames_ > 0; }
  Form taken(std::size_t choice) const { return taken_[choice]; }
  // Whether the floats of a value of the file are what the last frame has of it.
  bool is_float(std::size_t value) const;

  void begin();
  // Whether a step of the frame has to run.
  bool runs(const Step& step);
  // Frames whose times are kept: all in one form, or both forms by turns, where every layer in float brings its own conversions.
  enum class Pattern : std::uint8_t { integers, floats, even, odd };
  static constexpr int kPatterns = 4;
  void begin_measuring(Pattern pattern);
  void end_measuring(bool keeps);

 private:
  using Clock = std::chrono::steady_clock;
  void decide(std::size_t choice);
  bool affords(std::size_t choice) const;
  void charge(const Step* next);
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  const Network& network_;
  std::vector<Form> taken_;
  Flags present_;    // by value
  std::size_t decided_ = 0;
  Clock::time_point begin_;
  // Times of steps: by choice in each form, of bringing what it computes in float to integers, and of the steps behind a number
  // of choices that belong to none.
  struct Times {
    std::vector<double> of[2], back, between;
    explicit Times(std::size_t choices);
  };
  Times largest_, now_;
  bool measuring_ = false;
  Pattern pattern_ = Pattern::integers;
  std::vector<std::size_t> maker_;  // by value: the choice that computes it
  const Step* charged_ = nullptr;  // the step that runs, when it began, and behind how many choices
  double since_ = 0;
  std::size_t behind_ = 0;
  int frames_ = 0;
};

}  // namespace ceras::detail

#endif
