#!/usr/bin/env bash
# Builds and runs the unit testbenches named on the command line (`mac_array`), or all of them.
#
# Bench `sim/unit/X_tb.cpp` drives module seigo_X, or `sim/unit/X_tb.v` where that exists. Each line
# `// parameters: A=1 B=2` at its top is one elaboration, which the bench sees as PARAM_A and PARAM_B; a bench
# without one runs once. A build is kept in build/rtl until a source that it could have read changes. With STOP set the
# first bench that fails ends the run.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=build/rtl
include=$(verilator --getenv VERILATOR_ROOT)/include
flags=(-std=c++17 -O1 -I"$include" -I"$include/vltstd" -Isim/unit -Iruntime)
mkdir -p $out

for part in verilated verilated_threads; do
  [ $out/$part.o -nt "$include/$part.cpp" ] || g++ "${flags[@]}" -c "$include/$part.cpp" -o $out/$part.o
done

build() { # build BENCH TOP FOLDER PARAMETER...
  local bench=$1 top=$2 folder=$3 elaboration=() defines=() pair
  shift 3
  for pair in "$@"; do
    elaboration+=("-G$pair")
    defines+=("-DPARAM_$pair")
  done
  rm -rf "$folder"
  verilator --cc --x-initial unique -Wno-fatal -Wno-lint -Irtl -y rtl -y rtl/device -y sim/unit --top-module "$top" \
    "${elaboration[@]}" --Mdir "$folder" "$(ls sim/unit/"$top".v rtl/"$top".v rtl/device/"$top".v 2>/dev/null | head -n 1)"
  g++ "${flags[@]}" "${defines[@]}" -I"$folder" "$folder"/*.cpp "$bench" $out/verilated.o \
    $out/verilated_threads.o -pthread -o "$folder/bench"
}

failed=0
for bench in sim/unit/*_tb.cpp; do
  module=$(basename "$bench" _tb.cpp)
  [ $# = 0 ] || [[ " $* " == *" $module "* ]] || continue
  top=seigo_$module
  [ ! -f "sim/unit/${module}_tb.v" ] || top=${module}_tb
  mapfile -t sets < <(sed -n 's|^// parameters: *||p' "$bench")
  [ ${#sets[@]} -gt 0 ] || sets=("")
  for set in "${sets[@]}"; do
    read -ra parameters <<<"$set"
    folder=$out/$module${set:+.${set// /.}}
    if [ ! -x "$folder/bench" ] || [ -n "$(find rtl sim/unit runtime -newer "$folder/bench" -type f -print -quit)" ]; then
      build "$bench" "$top" "$folder" "${parameters[@]}"
    fi
    "$folder/bench" | sed "s|^|[$set] |" || { failed=1; echo "FAILED: $module $set"; }
    [ $failed = 0 ] || [ -z "${STOP:-}" ] || exit 1
  done
done
exit $failed
