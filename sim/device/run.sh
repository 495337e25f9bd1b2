#!/usr/bin/env bash
# The whole device of a bundle in plain Verilog (rtl/device): elaborates it with the vendor's primitives in yosys and
# without them in slang, then runs a frame of the bundle through it with a model of the processor, compared bit for bit.
#
#   run.sh BUNDLE FRAME    FRAME: folder written by `xtask dump-frame` for BUNDLE
#
# PYTHON has pyslang. CELLS is the folder of yosys's cells, with PS7, PS8 and clock buffers in cells_xtra.v.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,8p' "$0"; exit 2; }
bundle=$(realpath "$1")
frame=$(realpath "$2")
cd "$(dirname "$0")/../.."
cells=${CELLS:-/usr/share/yosys/xilinx}
device=seigo_zynq_ultra
defines=()
if grep -q '"family": "xc7"' "$bundle/target.json"; then
  device=seigo_zynq_7000
  defines=(-DZYNQ_7000)
fi
# Every module but the tops, of which only one is elaborated, and the one of the accelerator that they use.
sources=(rtl/seigo_skid.v)
for file in rtl/device/seigo_*.v; do
  [[ $file == *_zynq_* ]] || sources+=("$file")
done

# A name or width that the primitive does not have is an error; the accelerator is elaborated elsewhere.
yosys -q -e 'Resizing|is implicitly declared|undriven' -p "
  read_verilog -lib $cells/cells_sim.v $cells/cells_xtra.v
  read_verilog -lib $bundle/rtl/seigo_top.v
  read_verilog ${sources[*]} rtl/device/$device.v
  hierarchy -check -top $device
  proc
  check -assert"
echo "yosys: $device has no open name and no width that differs"

# With the models' ports, which are a part of those of the primitives.
mkdir -p "$frame/slang"
cp rtl/device/*.v sim/device/{PS7,PS8,BUFG,BUFG_PS}.v "$bundle"/rtl/*.v* "$frame/slang"
sed -i -E 's/^  assign .* = .*frame_tb.*;$//' "$frame"/slang/PS[78].v
"${PYTHON:-python3}" sim/slang.py "$frame/slang" unused-port undriven-port <<<"$device"
echo "slang: $device is clean"

verilator --binary --timing --x-assign unique --x-initial unique -Wno-fatal -Wno-lint -O3 -DDESIGN=loop "${defines[@]}" \
  -I"$bundle/rtl" -I"$frame" -y "$bundle/rtl" -y rtl/device -y sim/device --top-module frame_tb -GWatchdog=400000 \
  --Mdir "$frame/device" -o frame sim/icarus/frame_tb.v >"$frame/device.warnings" 2>&1
(cd "$frame" && device/frame +verilator+rand+reset+2 +verilator+seed+7) | grep -v '^- ' >"$frame/device.log"
echo "frame through $device: $(tail -n 1 "$frame/device.log")"
tail -n 1 "$frame/device.log" | grep -q 'PASSED$' || { grep FAILED "$frame/device.log" | head -n 5; exit 1; }
