// The output stage of narrow layers in vectors of 32-bit lanes. Included once per instruction set, in a namespace of
// its own, behind a struct V of vector operations and CERAS_TARGET, the mark of functions that use them.

// Parameters of a rounded shift per lane (A2, half up), to the right or to the left, within 32 bits.
struct Shift {
  V::Ints right, before, bit, left;
  bool any_left;

  CERAS_TARGET static Shift load(const std::int32_t* shifts) {
    const V::Ints own = V::load(shifts), zero = V::set(0), one = V::set(1);
    Shift shift;
    // What is shifted by more than 31 has 9 bits, and 31 gives the same 0.
    shift.right = V::min(V::max(own, zero), V::set(31));
    shift.before = V::max(V::sub(shift.right, one), zero);
    shift.bit = V::min(shift.right, one);
    shift.left = V::max(V::sub(zero, own), zero);
    shift.any_left = false;
    for (std::size_t lane = 0; lane < V::kLanes; ++lane) shift.any_left = shift.any_left || shifts[lane] < 0;
    return shift;
  }

  // Where something is shifted to the left, numbers beyond `bound` have to saturate afterwards anyway.
  CERAS_TARGET V::Ints apply(V::Ints x, std::int32_t bound) const {
    if (any_left) {
      const V::Ints limited = V::max(V::min(x, V::set(bound)), V::set(-bound));
      x = V::shift_left(V::less(V::set(0), left, limited, x), left);
    }
    return V::add(V::shift_right(x, right), V::bit_and(V::shift_right(x, before), bit));
  }
};

CERAS_TARGET inline V::Ints saturate_argument(V::Ints x) {
  constexpr std::int32_t kLimit = 1 << (format::kArgumentBits - 1);
  return V::max(V::min(x, V::set(kLimit - 1)), V::set(-kLimit));
}

// A7.
CERAS_TARGET inline V::Ints function_at(const Function& function, V::Ints x) {
  const V::Ints zero = V::set(0);
  V::Ints base = x;
  switch (function.base) {
    case Base::zero: base = zero; break;
    case Base::relu: base = V::max(x, zero); break;
    case Base::identity: break;
    case Base::clamp: base = V::min(V::max(x, V::set(function.low)), V::set(function.high)); break;
    case Base::leaky:
      base = V::shift_right(V::add(V::multiply(x, V::set(function.slope)), V::set(128)), V::set(8));
      base = V::less(x, zero, base, x);
      break;
  }
  if (function.layout == RomLayout::none) return base;
  const V::Ints magnitude = V::max(x, V::sub(zero, x));
  V::Ints address = V::shift_right(magnitude, V::set(3));
  if (function.layout == RomLayout::two_segments) {
    // The segments meet at 1,024, and the smaller address is the right one on either side.
    address = V::min(address, V::add(V::shift_right(magnitude, V::set(6)), V::set(112)));
  }
  address = V::min(address, V::set(function.entries() - 1));
  if (function.is_signed) address = V::less(x, zero, V::add(address, V::set(function.entries())), address);
  return V::add(base, V::gather(function.rom, address));
}

// A block of V::kLanes channels, `count` of which exist, in all pixels.
CERAS_TARGET inline void finish_block(const Finish& task, std::size_t lane, std::size_t count) {
  const Stage& stage = *task.stage;
  const std::size_t channel = task.first + lane;
  const bool direct = stage.kind == Stage::Kind::direct;
  const V::Ints zero = V::set(0), folded = V::load(&stage.folded[channel]), own = V::load(&stage.zero[channel]);
  const V::Ints target = V::add(own, V::set(128)), other = V::add(V::load(&stage.residual_zero[channel]), V::set(128));
  const Shift argument = Shift::load(&stage.argument[channel]), last = Shift::load(&stage.shifts[channel]);
  const Shift align = Shift::load(&stage.align[channel]);
  for (std::size_t pixel = 0; pixel < task.pixels; ++pixel) {
    const std::size_t at = pixel * task.step + channel;
    V::Ints x = V::add(V::load(task.sums + pixel * task.sums_step + lane), folded);
    if (direct) {
      x = last.apply(x, 1 << 20);
      // Room for the zero point, where nothing was shifted.
      if (stage.bits < 32) x = V::max(V::min(x, V::set(1 << 20)), V::set(-(1 << 20)));
      if (stage.relu) x = V::max(x, zero);
    } else {
      x = saturate_argument(argument.apply(x, 1 << 20));
      V::Ints aligned = zero;
      if (task.residual != nullptr) aligned = align.apply(V::sub(V::load_bytes(task.residual + at, count), other), 1 << 10);
      if (stage.residual == 1) x = saturate_argument(V::add(x, aligned));
      x = function_at(*stage.function, x);
      if (stage.residual == 2) x = V::add(x, aligned);
      x = last.apply(x, 1 << 20);
    }
    if (stage.bits == 8) {
      V::store_bytes(task.output + at, V::min(V::max(V::add(x, target), zero), V::set(255)), count);
    } else if (stage.bits == 16) {
      constexpr std::int32_t kHalf = 1 << 15;
      x = V::max(V::min(V::add(x, own), V::set(kHalf - 1)), V::set(-kHalf));
      V::store_halves(task.output + 2 * at, x, count);
    } else {
      V::store(reinterpret_cast<std::int32_t*>(task.output) + at, V::add(x, own), count);
    }
  }
}

CERAS_TARGET void finish(const Finish& task) {
  if (!task.stage->narrow) return finish_portably(task);
  for (std::size_t lane = 0; lane < task.channels; lane += V::kLanes) {
    finish_block(task, lane, task.channels - lane < V::kLanes ? task.channels - lane : V::kLanes);
  }
}
