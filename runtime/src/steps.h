// Layers to steps, and what a step sees of a frame.
#ifndef CERAS_STEPS_H
#define CERAS_STEPS_H

#include <initializer_list>
#include <string_view>

#include "graph.h"

namespace ceras::detail {

// The memory of one frame while steps run.
class Frame {
 public:
  Frame(const Network& network, std::uint8_t* arena, std::uint8_t* scratch, Pool* pool)
      : network_(network), arena_(arena), scratch_(scratch), pool_(pool), threads_(pool ? pool->threads() : 1) {}

  template <typename T>
  T* data(const Value& value) const {
    return reinterpret_cast<T*>(arena_ + value.offset);
  }
  template <typename T>
  T* data(std::size_t value) const {
    return data<T>(network_.values[value]);
  }
  const Network& network() const { return network_; }

  // Calls work(item, scratch) for every item, on the caller's threads where there are some.
  template <typename Work>
  void each(std::size_t items, const Work& work) const {
    share(items, &work, [](const void* own, std::size_t item, std::uint8_t* scratch) { (*static_cast<const Work*>(own))(item, scratch); });
  }

  std::size_t threads() const { return threads_ < 1 ? 1 : static_cast<std::size_t>(threads_); }

  // The first value that holds a number which is not finite and cannot be quantized; none for a good frame.
  std::size_t not_finite = kNone;

 private:
  using Item = void (*)(const void* work, std::size_t item, std::uint8_t* scratch);
  void share(std::size_t items, const void* work, Item run) const;

  const Network& network_;
  std::uint8_t* arena_;
  std::uint8_t* scratch_;
  Pool* pool_;
  int threads_;
};

// Puts the steps of a network together, with the memory that they need.
class Builder {
 public:
  Builder(Network& built, Error& error) : network(built), error_(error) {}

  Network& network;
  std::string place;          // of the layer at hand
  Step::Condition condition;  // of the steps that are added

  // False, with the error set.
  bool broken(std::string_view what) { return report(what, false); }
  bool unsupported(std::string_view what) { return report(what, true); }

  const Value& value(std::size_t index) const { return network.values[index]; }
  // A value at an input position; null for a constant or an omitted one.
  const Value* input(const Layer& layer, std::size_t position) const;
  std::size_t file_value(std::size_t index) const;
  // Whether all inputs are values or all but the first are constants, as many as said.
  bool shape_is(std::size_t value, const Shape& shape) const { return network.values[value].shape == shape; }

  // Memory for one step, or between the steps of one layer.
  std::size_t temporary(Type type, const Shape& shape, bool channels_last);
  void scratch(std::size_t bytes);
  void add(std::unique_ptr<Step> step, std::initializer_list<std::size_t> reads, std::initializer_list<std::size_t> writes);
  void add(std::unique_ptr<Step> step, const std::vector<std::size_t>& reads, const std::vector<std::size_t>& writes);

 private:
  bool report(std::string_view what, bool unsupported);
  Error& error_;
};

CERAS_ONCE bool build_layer(Builder& builder, const Layer& layer);
// Each checks the rules of its operators and adds their steps.
CERAS_ONCE bool build_conv(Builder& builder, const Layer& layer);
CERAS_ONCE bool build_elementwise(Builder& builder, const Layer& layer);  // add, channel-mul, dpu-add, rescale
CERAS_ONCE bool build_max_pool(Builder& builder, const Layer& layer);
CERAS_ONCE bool build_move(Builder& builder, const Layer& layer);
CERAS_ONCE bool build_float(Builder& builder, const Layer& layer);

// All steps of a decoded graph, and where its values are in the arena.
CERAS_ONCE bool build_steps(Network& network, Error& error);

// Integers of a value, row-major, or floats of one; `arena` is where it has its offset.
void read_raw(const Value& value, const std::uint8_t* arena, std::int32_t* elements);
void read_floats(const Value& value, const std::uint8_t* arena, float* elements);
// The integers that the floats of a value round to; 0 for one that is not finite.
void read_rounded(const Value& value, const Value& floats, Rounding rounding, const std::uint8_t* arena, std::int32_t* elements);
// The stored form of a value from floats (A11), or from its own integers; false where a float is not finite.
bool write_floats(const Value& value, const Frame& frame, const float* elements);
void write_raw(const Value& value, const std::int8_t* elements, std::uint8_t* memory);
void write_raw(const Value& value, const std::int32_t* elements, std::uint8_t* memory);  // saturated

}  // namespace ceras::detail

#endif
