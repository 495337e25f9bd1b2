// Runs a quantized network from a .ceras file on any processor; C++17 and its standard library.
//
// A Model is read once, checked completely and never changes; it may be shared by threads. A Context holds the
// memory of one frame. Running a frame allocates nothing and cannot fail, except on numbers that are not finite.
#ifndef CERAS_HPP
#define CERAS_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ceras {

// What went wrong: the number of a code of docs/errors.md (601 is SG0601), 0 for nothing, and words.
struct Error {
  int code = 0;
  std::string message;
  explicit operator bool() const { return code != 0; }
};

// How the elements of a value are held.
enum class Type : std::uint8_t { f32, i8, i16, i32 };

// Exponent and zero point of a channel: q stands for (q - zero) * 2^exponent.
struct Scale {
  std::int8_t exponent = 0;
  std::int8_t zero = 0;
};

// An input, an output or a value between layers. Elements are given and read row-major in this shape.
struct Tensor {
  std::string name;
  std::vector<std::size_t> shape;
  Type type = Type::f32;
  std::vector<Scale> scales;  // one per channel (dimension 1); none for f32
  std::size_t elements() const;
};

// Instruction sets that kernels are written for. Results are the same in all of them.
enum class Kernels { best, portable, avx2, avx512_vnni, neon, avx512_vbmi };

// How a layer computes that the file holds in both forms.
enum class Form : std::uint8_t { integer, floating };

// Threads of the caller. `run` calls task(data, 0) to task(data, count - 1), each once, in any order or at the same
// time, and returns when all have returned. It is quickest where a thread gets the same index each time, whose data it has
// in its cache. `count` is no more than the threads.
class Pool {
 public:
  virtual ~Pool() = default;
  virtual int threads() const = 0;
  virtual void run(int count, void (*task)(void* data, int index), void* data) = 0;
};

namespace detail {
struct Network;
class Forms;
}

class Model {
 public:
  // Null, and `error`, for bytes that are no valid model or a network that needs what this library has not. The bytes
  // are not needed afterwards.
  static std::unique_ptr<Model> open(const void* bytes, std::size_t size, Error& error,
                                     Kernels kernels = Kernels::best);
  static std::unique_ptr<Model> open_file(const char* path, Error& error, Kernels kernels = Kernels::best);
  // What computes some values from others, by names: `wanted` (the network's outputs, where it is empty) from `given` and
  // the network's inputs. Inputs are those of them that are read, in the order of the file; outputs are as asked for.
  static std::unique_ptr<Model> open_part(const void* bytes, std::size_t size, const std::vector<std::string>& given,
                                          const std::vector<std::string>& wanted, Error& error,
                                          Kernels kernels = Kernels::best);
  // A network without layers: its inputs, which are its outputs too, and the text of META.
  static std::unique_ptr<Model> open_inputs(const void* bytes, std::size_t size, Error& error);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  std::size_t inputs() const;
  std::size_t outputs() const;
  const Tensor& input(std::size_t index) const;
  const Tensor& output(std::size_t index) const;
  const std::string& output_name(std::size_t index) const;
  // Everything that flows between layers, by its position in the file.
  std::size_t values() const;
  const Tensor& value(std::size_t index) const;
  // Layers that the file holds in integers and in float, in the order of the network, and their names.
  std::size_t choices() const;
  const std::string& choice_name(std::size_t index) const;
  // Text of the section META: JSON with tool, source and task.
  const std::string& meta() const;
  // Bytes of the activations of a frame, of scratch memory per thread, and which kernels run.
  std::size_t arena_bytes() const;
  std::size_t scratch_bytes() const;
  const char* kernels() const;
  const detail::Network& network() const { return *network_; }

 private:
  explicit Model(std::unique_ptr<detail::Network> network);
  std::unique_ptr<detail::Network> network_;
};

// Called with `data` after each value is computed, the inputs first; it may read that value.
class Context;
using Observer = void (*)(void* data, const Context& context, std::size_t value);

class Context {
 public:
  // The model must outlive the context; `pool` may be null and is used by `run` only.
  explicit Context(const Model& model, Pool* pool = nullptr);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Gives an input of the next frame, row-major in its shape. Floats are quantized as docs/arithmetic.md says; integers
  // are taken as they are. An error for NaN and infinity, and for an input that is not int8, or no integer.
  Error set_input(std::size_t index, const float* elements);
  Error set_input_raw(std::size_t index, const std::int8_t* elements);
  Error set_input_raw(std::size_t index, const std::int32_t* elements);
  // Runs the frame. Inputs have to be given again for the next one, whose memory they share.
  Error run();
  // Which form runs, from the next frame on, of one layer that the file holds in both, or of all of them: integers where
  // nothing is said. An error where the file holds no such layer.
  Error choose(std::size_t choice, Form form);
  Error choose(Form form);
  // Float where the frame still ends in time, seconds after `run` begins: layer after layer, as long as what is left of the
  // network in integers fits what is left of the time. 0 ends it. Times are those that `measure` found, the
  // largest of `frames` frames in each form and with both by turns, of inputs as `set_input` takes them.
  Error limit_time(double seconds);
  Error measure(const float* const* inputs, int frames = 3);
  // Which form a choice had in the last frame, and whether a value was computed in float, and not in integers.
  Form form(std::size_t choice) const;
  bool is_float(std::size_t value) const;
  // Reads an output of the last frame: as floats, or as stored integers.
  void read_output(std::size_t index, float* elements) const;
  void read_output_raw(std::size_t index, std::int32_t* elements) const;
  // The same of any value, while it is observed; integers of one that was computed in float are those that it rounds to.
  void read_value(std::size_t index, float* elements) const;
  void read_value_raw(std::size_t index, std::int32_t* elements) const;
  void observe(Observer observer, void* data);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ceras

#endif
