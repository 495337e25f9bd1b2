#!/usr/bin/env bash
# Synthesizes the whole generated design of each bundle with yosys for its target's family, and reports resources
# against the part and logic levels (report.py).
#
#   synth.sh BUNDLE...
#   DOMAINS=6 synth.sh BUNDLE              the same hardware with so many domains of shared memory
#   OPTIONS=-nowidelut synth.sh BUNDLE     more options for synth_xilinx
#
# The design is flattened but for the arithmetic that is there many times (`kept`), whose netlist is made once. yosys
# 0.23 packs registers, adders and cascades into DSP48E1 only; as a DSP48E2 has the same ones, that pass sees it under
# the older name here (and sets a parameter that DSP48E2 has not). ROMs of the activations that are no block RAM are made of
# logic, since yosys has no distributed ROM.
set -euo pipefail
cd "$(dirname "$0")/../.."

limit=8
kept="seigo_dot_product seigo_dot_pair seigo_accumulator seigo_operand_skew seigo_weight_shadow seigo_plane_channel seigo_lane seigo_lane_rom"

field() { sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$1/target.json" | head -n 1; }

# The number behind .NAME( of the generated top level.
parameter() { sed -n "s/^ *\.$2(\([0-9]*\)),\{0,1\}$/\1/p" "$1/seigo_top.v"; }

# domains FOLDER COUNT: another number of domains, and what follows from it.
domains() {
  local rows bits=1 pixels
  rows=$(($(parameter "$1" DomainRows) * $2))
  pixels=$(parameter "$1" P)
  while ((1 << bits < rows)); do bits=$((bits + 1)); done
  sed -i -e "s/\.Domains([0-9]*)/.Domains($2)/" -e "s/\.RowBits([0-9]*)/.RowBits($bits)/" \
    -e "s/\.Blocks([0-9]*)/.Blocks($((rows * pixels / 1024)))/" "$1/seigo_top.v"
}

# script FOLDER FAMILY: the commands for yosys.
script() {
  local options="-family $2 -noiopad -noclkbuf ${OPTIONS:-} -top seigo_top -flatten" module
  [ "$2" != xcup ] || options+=" -uram"
  echo "read_verilog -I$1/rtl $(printf '%s ' "$1"/rtl/*.v)"
  echo "hierarchy -check -top seigo_top"
  echo 'setattr -set rom_style "logic" m:*rom a:rom_style=distributed %i'
  for module in $kept; do
    echo "setattr -mod -set keep_hierarchy 1 =*?$module =*?$module?*=*"
  done
  if [ "$2" = xcup ]; then
    cat <<COMMANDS
synth_xilinx $options -run begin:map_dsp
memory_dff
techmap -map +/mul2dsp.v -map +/xilinx/xcu_dsp_map.v -D DSP_A_MAXWIDTH=27 -D DSP_B_MAXWIDTH=18 -D DSP_A_MINWIDTH=2 -D DSP_B_MINWIDTH=2 -D DSP_Y_MINWIDTH=9 -D DSP_SIGNEDONLY=1 -D DSP_NAME=\$__MUL27X18
select a:mul2dsp
setattr -unset mul2dsp
opt_expr -fine
wreduce
select -clear
chtype -set DSP48E1 t:DSP48E2
xilinx_dsp -family xc7
setparam -unset USE_DPORT t:DSP48E1
chtype -set DSP48E2 t:DSP48E1
chtype -set \$mul t:\$__soft_mul
synth_xilinx $options -run coarse:
COMMANDS
  else
    echo "synth_xilinx $options"
  fi
  echo "write_json $1/netlist.json"
}

failed=0
for bundle in "$@"; do
  [ -f "$bundle/rtl/seigo_top.v" ] || { echo "synth.sh: $bundle is no bundle of seigo build"; exit 2; }
  family=$(field "$bundle" family)
  name=$(field "$bundle" name)${DOMAINS:+.$DOMAINS}
  work=build/synth/$(basename "$bundle").$name
  rm -rf "$work"
  mkdir -p "$work/rtl"
  cp "$bundle"/rtl/* "$work/rtl/"
  [ -z "${DOMAINS:-}" ] || domains "$work/rtl" "$DOMAINS"
  script "$work" "$family" >"$work/synth.ys"
  start=$SECONDS
  yosys -q -l "$work/yosys.log" -s "$work/synth.ys" >/dev/null 2>"$work/warnings"
  echo "== $bundle for $name ($family): yosys took $((SECONDS - start)) s"
  python3 sim/synth/report.py "$work/netlist.json" --target "$bundle/target.json" --rtl "$work/rtl" \
    --paths 5 --limit $limit --json "$work/resources.json" | tee "$work/report" || failed=1
done
exit $failed
