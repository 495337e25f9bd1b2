#!/usr/bin/env bash
# Lints every module of rtl/ at its defaults and at the parameter sets that its unit bench lists (if that drives the
# module itself) or that it lists here, with Verilator and with slang; elaborates each module in Icarus Verilog too.
# Lints the generated top level of each bundle that is given. Silent when clean.
#
#   PYTHON=python3 lint.sh [BUNDLE...]    PYTHON has pyslang
set -euo pipefail
bundles=()
for bundle in "$@"; do bundles+=("$(realpath "$bundle")"); done
cd "$(dirname "$0")/.."

# Module without its prefix, then the parameters of one elaboration.
sets="
output_lanes LP=1 TagBits=7
output_lanes Channels=8 LP=1
output_lanes LP=4 Functions=2 FunctionTable=144'h4000000000000000000000000000000000d1 RomEntries=240
output_lanes Functions=2 FunctionTable=144'h4000000000000000000000000000000000d1 RomEntries=3000
output_lanes Bits=22 Dsp=1
output_lanes LP=4 Functions=2 FunctionTable=144'h4000000000000000000000000000000000d1 RomEntries=240 BlockRoms=1
lane_rom Entries=1
lane_rom Ports=2 Entries=3000 Block=1
output_lanes Bits=26 Dsp=1 Residual=0
output_lanes Bits=22 Dsp=1 Residual=1
output_lanes Bits=22 Dsp=1 Residual=2
dot_product Packed=0
operand_skew Packed=0
lane Leaky=1 RomEntries=1024
lane Bits=20 Dsp=1
align Bits=26 Dsp=1
align Bits=9 Up=11 Subtract=1 Dsp=1
align Bits=9 Up=11 Subtract=1
finish Dsp=1
plane_engine PackProducts=0
plane_engine DP=1
plane_engine DP=1 Channels=8
plane_engine SumBits=20 DspLanes=1
plane_engine DP=4 Beat=2 Reach=2
plane_channel DP=4
plane_control DP=4 Reach=3
plane_window DP=4 Reach=3
plane_input DP=4
plane_input P=8 LP=4 DP=4
plane_results DP=4
plane_results DP=4 Beat=2
core PlanePixels=4 PlaneReach=2
core P=8 PlanePixels=4
plane_channel PackProducts=0
plane_channel DP=1
plane_control DP=1
plane_control Turns=2
plane_stages Channels=8
plane_results DP=1 Channels=8
plane_parameters Channels=8
loader ParameterGap=1
core Scatter=1
core ChannelMul=1
plane_engine ChannelMul=1
plane_parameters ChannelMul=1
plane_parameters Channels=8 ChannelMul=1
core Parity=1
store Scatter=1
writeback P=1 N=1 RowBits=16 Streams=2
store Parity=1
store P=2 N=1 RowBits=15 Scatter=1 Parity=1
store P=8 N=4 RowBits=13 Parity=1
fetch Parity=1
fetch_walk Parity=1
fetch_walk P=2 Parity=1
fetch_walk P=8 Parity=1
store P=1 N=1 RowBits=16 Scatter=1
store P=8 N=4 RowBits=13 Scatter=1
store P=1 N=1 RowBits=16
pass_products P=1
pass_products P=8
plane_window DP=1
plane_window Channels=8
stem_unit P=1
stem_unit P=2
stem_unit P=8
stem_unit P=4 Shifts=16'h0404
stem_unit P=1 Shifts=16'h5555
stem_unit P=8 Shifts=16'h0400
stem_unit P=4 K=3 S=1 C=1
stem_unit P=8 K=7 S=2 C=3
stem_unit P=1 K=2 S=4 C=2
stem_unit P=4 K=1 S=1 C=4 Buffers=2
dma P=1 RowBits=16
dma P=2
dma P=8
stream_ring RingWords=1024
"

failed=0
linted=""
linted_device=""
lint() { # lint MODULE PARAMETER...
  local module=$1
  if [ "$folder" = rtl ]; then linted+="$*"$'\n'; else linted_device+="$*"$'\n'; fi
  shift
  verilator --lint-only -Wall -Irtl -y "$folder" -y rtl --top-module "$module" "${@/#/-G}" "$file" || failed=1
}

# The processors' tops hold primitives of the vendor: sim/device/run.sh elaborates them.
device=()
for file in rtl/device/seigo_*.v; do
  [[ $file == *_zynq_* ]] || device+=("$file")
done
for file in rtl/*.v "${device[@]}"; do
  module=$(basename "$file" .v)
  folder=$(dirname "$file")
  lint "$module"
  iverilog -g2005 -Wall -Irtl -y "$folder" -y rtl -s "$module" -o /dev/null "$file" || failed=1
  while read -r name parameters; do
    [ "seigo_$name" = "$module" ] || continue
    # shellcheck disable=SC2086
    lint "$module" $parameters
  done <<<"$sets"
  bench=sim/unit/${module#seigo_}_tb
  [ -f "$bench.cpp" ] && [ ! -f "$bench.v" ] || continue
  while read -ra parameters; do
    lint "$module" "${parameters[@]}"
  done < <(sed -n 's|^// parameters: *||p' "$bench.cpp")
done
"${PYTHON:-python3}" sim/slang.py rtl <<<"$linted" || failed=1
mkdir -p build/lint/device
rm -f build/lint/device/*
# With the one module of the accelerator that they use.
cp "${device[@]}" rtl/seigo_skid.v build/lint/device
"${PYTHON:-python3}" sim/slang.py build/lint/device <<<"$linted_device" || failed=1

for bundle in "${bundles[@]}"; do
  verilator --lint-only -Wall -I"$bundle/rtl" -y "$bundle/rtl" --top-module seigo_top "$bundle/rtl/seigo_top.v" || failed=1
  "${PYTHON:-python3}" sim/slang.py "$bundle/rtl" <<<seigo_top || failed=1
done
exit $failed
