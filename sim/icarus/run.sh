#!/usr/bin/env bash
# Runs one frame of a bundle (frame_tb.v) in Icarus Verilog and in Verilator and compares the logs byte by byte: every
# write beat, end of a pass, interrupt and register with its cycle. Verilator begins with random registers, Icarus with
# unknown ones.
#
#   run.sh BUNDLE FRAME    FRAME: folder written by `xtask dump-frame` for BUNDLE
#
# With ONLY=icarus it ends behind the first and shows whether the frame is right.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,8p' "$0"; exit 2; }
rtl=$(realpath "$1")/rtl
frame=$(realpath "$2")
cd "$(dirname "$0")/../.."
bench=$PWD/sim/icarus/frame_tb.v

iverilog -g2005 -Wall -I"$rtl" -I"$frame" -y "$rtl" -s frame_tb -o "$frame/frame.vvp" "$bench" 2>"$frame/icarus.warnings"
start=$SECONDS
(cd "$frame" && vvp -n frame.vvp) >"$frame/icarus.log"
echo "Icarus Verilog: $((SECONDS - start)) s: $(tail -n 1 "$frame/icarus.log")"

if [ "${ONLY:-}" = icarus ]; then
  tail -n 1 "$frame/icarus.log" | grep -q 'PASSED$' || { echo FAILED; exit 1; }
  exit
fi

verilator --binary --timing --x-assign unique --x-initial unique -Wno-fatal -Wno-lint -I"$rtl" -I"$frame" -y "$rtl" \
  --top-module frame_tb --Mdir "$frame/verilated" -o frame "$bench" >"$frame/verilator.warnings" 2>&1
start=$SECONDS
(cd "$frame" && verilated/frame +verilator+rand+reset+2 +verilator+seed+7) | grep -v '^- ' >"$frame/verilator.log"
echo "Verilator: $((SECONDS - start)) s: $(tail -n 1 "$frame/verilator.log")"

cmp "$frame/icarus.log" "$frame/verilator.log"
echo "the logs are equal: $(wc -l <"$frame/icarus.log") events"
for log in icarus verilator; do
  tail -n 1 "$frame/$log.log" | grep -q 'PASSED$' || { grep FAILED "$frame/$log.log" | head -n 5; exit 1; }
done
