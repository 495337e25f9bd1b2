// The constants of a convolution's output stage.
#ifndef CERAS_CONV_STAGE_H
#define CERAS_CONV_STAGE_H

#include "graph.h"
#include "kernels.h"

namespace ceras::detail {

// Tables as kernels read them.
std::vector<std::unique_ptr<ShortTable>> short_tables(const std::vector<Function>& functions);

// Numbers per channel, as long as kernels read them.
class ConvStage {
 public:
  // Of a layer with these values; a residual only where there is one. The layer's ranges are checked.
  void prepare(const Network& network, const Layer& layer, const Value& result, const Value* residual);
  const Stage& stage() const { return stage_; }

 private:
  void choose_bits(const Conv& conv);
  std::int64_t bound(const Conv& conv, std::size_t channel) const;
  bool packs(std::size_t channel, std::int64_t largest_sum) const;
  bool halves_do(std::size_t channel) const;
  bool unsigned_does(std::size_t channel);

  Stage stage_;
  std::vector<std::int32_t> bias_, folded_, argument_, shifts_, zero_, align_, residual_zero_, up_, down_;
  std::vector<std::uint8_t> forms_;
  std::int64_t largest_entry_ = 0;  // of the function's table, its magnitude
};

}  // namespace ceras::detail

#endif
