#!/usr/bin/env bash
# Proves the properties of sim/formal/MODULE.vh on seigo_MODULE, and shows that each fails on a broken module.
#
#   prove.sh            the proofs, then the mutations
#   prove.sh sizes      the proofs: bounded from the reset, then the step of the induction
#   prove.sh mutations  the counterexamples
#
# The properties are put inside of the module, before its `endmodule`, in a copy below build/formal.
# block_arbiter is proven with any_owner_table.v for its table. A mutation is a sed expression on the
# copy; a search from the reset has to find a violation of the property that it is said to break. Data
# are only moved: but for one proof at full width, a bank is 2 bits wide in the copies.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=build/formal
width=2

# Copies the modules with their properties to a folder. instrument FOLDER [SED-EXPRESSION [MODULE]]
instrument() {
  local folder=$1 module
  local narrow="s/128 *\* *P/$width*P/g"
  mkdir -p "$folder"
  for module in owner_table block_arbiter residual_reader skid axi3_split lite_bridge; do
    sed -e "$narrow" "$(ls rtl/seigo_$module.v rtl/device/seigo_$module.v 2>/dev/null)" >"$folder/$module.v"
    sed -e "$narrow" sim/formal/$module.vh >"$folder/$module.vh"
    if [ "${3:-}" = "$module" ]; then
      cp "$folder/$module.v" "$folder/before"
      sed -i -e "$2" "$folder/$module.v"
      if cmp -s "$folder/before" "$folder/$module.v"; then
        echo "MUTATION WITHOUT EFFECT: $2"
        exit 1
      fi
    fi
    sed -i "/^endmodule/i \`include \"$folder/$module.vh\"" "$folder/$module.v"
  done
}

# model FOLDER TOP PARAMETER=VALUE...: writes FOLDER/TOP.smt2.
model() {
  local folder=$1 top=$2 chparam="" pair
  shift 2
  for pair in "$@"; do chparam+=" -set ${pair%%=*} ${pair##*=}"; done
  local sources="$folder/$top.v"
  [ "$top" != block_arbiter ] || sources+=" sim/formal/any_owner_table.v"
  yosys -q -l "$folder/yosys.log" -p "read_verilog -formal -sv -Irtl $sources; chparam$chparam seigo_$top;
    hierarchy -check -top seigo_$top; proc; flatten; opt; memory; async2sync; techmap; opt -full;
    abc -g AND,OR,XOR,MUX; opt_clean; dffunmap; opt_clean; write_smt2 -wires $folder/$top.smt2"
}

# smtbmc FILE OPTION...
smtbmc() { yosys-smtbmc --unroll -s z3 --noprogress "${@:2}" "$1" >"$1.log" 2>&1; }

# prove TOP DEPTH PARAMETER=VALUE...
prove() {
  local top=$1 depth=$2 folder="$out/$1.$width.${*:3}" start=$SECONDS
  folder=${folder// /.}
  shift 2
  instrument "$folder"
  model "$folder" "$top" "$@"
  if smtbmc "$folder/$top.smt2" -t "$depth" && smtbmc "$folder/$top.smt2" -i -t 1; then
    echo "proved: $top $* ($width-bit banks): $depth cycles from the reset, induction of depth 1;" \
      "$((SECONDS - start)) s"
  else
    grep -E 'Assert failed|ERROR|Error' "$folder/$top.smt2.log" || tail -n 5 "$folder/$top.smt2.log"
    echo "NOT PROVED: $top $*"
    exit 1
  fi
}

sizes() {
  prove owner_table 6 Blocks=1 TableBits=2
  prove owner_table 6 Blocks=6 TableBits=8
  prove owner_table 6 Blocks=64 TableBits=64
  prove residual_reader 12 P=1 RowBits=16
  prove residual_reader 12 P=4 RowBits=14
  prove skid 12 Width=4
  prove axi3_split 16 AddressBits=16 Depth=2
  prove axi3_split 16 AddressBits=13 Depth=1
  prove lite_bridge 16 IdBits=2 AddressBits=8
  prove block_arbiter 6 P=1 RowBits=11 AddressBits=10 Domains=2 Blocks=2
  prove block_arbiter 6 P=1 RowBits=13 AddressBits=11 Domains=3 Blocks=6
  prove block_arbiter 4 P=2 RowBits=12 AddressBits=10 Domains=3 Blocks=5
  prove block_arbiter 3 P=4 RowBits=14 AddressBits=12 Domains=4 Blocks=64
  prove block_arbiter 3 P=1 RowBits=16 AddressBits=10 Domains=24 Blocks=24
  width=128
  prove block_arbiter 3 P=1 RowBits=11 AddressBits=10 Domains=2 Blocks=2
}

# broken MODULE PROPERTY DEPTH SED-EXPRESSION
broken() {
  local module=$1 property=$2 depth=$3 folder="$out/broken.$2" parameters
  case $module in
    owner_table) parameters="Blocks=3 TableBits=4" ;;
    block_arbiter) parameters="P=1 RowBits=11 AddressBits=10 Domains=2 Blocks=2 AgeLimit=4" ;;
    residual_reader) parameters="P=1 RowBits=4" ;;
    skid) parameters="Width=2" ;;
    axi3_split) parameters="AddressBits=13 Depth=1" ;;
    lite_bridge) parameters="IdBits=1 AddressBits=8" ;;
  esac
  instrument "$folder" "$4" "$module"
  # Alone: another property that the mutation breaks too could be the first to fail.
  sed -i "/^  $property: /! s/^  [a-z_0-9]*: assert (/  if (0) assert (/" "$folder"/*.vh
  # shellcheck disable=SC2086
  model "$folder" "$module" $parameters
  if smtbmc "$folder/$module.smt2" -t "$depth"; then
    echo "NOT FOUND: $property of $module survives: $4"
    exit 1
  fi
  if ! grep -qE "Assert failed in seigo_$module: $property( |\$)" "$folder/$module.smt2.log"; then
    grep -E 'Assert failed|rror' "$folder/$module.smt2.log" || tail -n 5 "$folder/$module.smt2.log"
    echo "NO COUNTEREXAMPLE: $property of $module: $4"
    exit 1
  fi
  echo "fails as it should: $property of $module: $4"
}

mutations() {
  local m=owner_table
  broken $m one_owner 8 's/ | (conv_write_q \& dma_write_q)//'
  broken $m table_in_force 8 \
    's/stream_read_o   <= stream_read_q/stream_read_o   <= residual_read_q/'
  broken $m owned_exists 8 \
    's/ \& Present\[TableBits-1:0\];$/;/; s/wire bad = absent_q | /wire bad = /'
  broken $m ok_is_legal 8 's/wire bad = absent_q | (|conflict_q)/wire bad = absent_q/'
  broken $m bad_swap_is_told 8 's/ | (swap_i \& ~ok_q)//'
  broken $m verdict_in_time 8 \
    's/else if (conflict_valid_q) ok_q <= ~bad/else if (conflict_valid_q) ok_q <= ok_q/'
  broken $m unwritten_agrees 8 's/unwritten_o     <= ~written/unwritten_o     <= ~conv_write_q/'
  broken $m unused_agrees 8 's/~(written | read)/~written/'
  broken $m only_present 8 \
    's/ \& Present\[TableBits-1:0\];$/;/; s/wire bad = absent_q | /wire bad = /'
  m=block_arbiter
  broken $m write_in_grant 8 \
    's/allowed\[0\] = write_q\[0\] \& conv_write\[conv_block\]/allowed[0] = write_q[0]/'
  broken $m read_in_grant 10 \
    's/? unused\[window_block\] : unwritten\[window_block\]/? unused[window_block] : 1'"'b1"'/'
  broken $m one_per_domain 6 's/assign first\[client\] = ~|behind/assign first[client] = 1'"'b1"'/'
  broken $m no_needless_wait 6 's/valid_q\[other\] \& same$/valid_q[other]/'
  broken $m priority_kept 6 's/(other < client)/(other > client)/'
  broken $m bounded_wait 14 's/assign aged\[client\] = .*/assign aged[client] = 1'"'b0"';/'
  broken $m not_overwritten 6 's/assign b_ready_o = .*/assign b_ready_o = 5'"'h1f"';/'
  broken $m decided_was_accepted 6 's/(valid_q \& ~granted)/valid_q/'
  broken $m performed 8 's/wire lower = take\[1\] | take\[4\]/wire lower = take[1] | take[3]/'
  broken $m denied_does_nothing 6 's/wire perform = .*/wire perform = |take;/'
  broken $m no_phantom 6 's/aresetn \& perform \& ~write/aresetn \& ~write/'
  broken $m denied_is_told 6 's/b_refused_q <= granted \& ~allowed/b_refused_q <= 5'"'d0"'/'
  broken $m denied_is_error 6 's/ | (|b_refused_q)//'
  broken $m stream_performed 6 's/== a_domain\[DomainBits-1:0\])/!= a_domain[DomainBits-1:0])/'
  broken $m stream_in_grant 6 's/\& stream_read\[a_row_i\[[^]]*\]\]/\& 1'"'b1"'/'
  broken $m stream_row 6 's/a_row_i\[bank\*RowBits +: AddressBits\];/{AddressBits{1'"'b0"'}};/'
  broken $m stream_choice 6 's/a_row_i\[bank\*RowBits + AddressBits +: DomainBits\];/0;/'
  broken $m stream_denied_is_error 6 's/(|a_refused_q) | //'
  m=residual_reader
  broken $m credit 14 's/ \& (free_q != 4.d0)//'
  broken $m full_means_no_request 14 's/ \& (free_q != 4.d0)//'
  broken $m in_order 10 's/queue\[write_q\[2:0\]\] <= /queue[3'"'d0"'] <= /'
  broken $m delivers 8 's/if (take) read_q/if (take \& answer_valid_i) read_q/'
  broken $m idle_is_empty 8 's/ \& (free_q == 4.d8)//'
  broken $m row_order 10 's/plane_row_q + stride_q/row_q + stride_q/'
  m=skid
  broken $m holds_what_entered 8 's/ready_q <= ready_q \&\& !valid_i/ready_q <= 1'"'b1"'/'
  broken $m never_stuck 8 's/ready_q <= 1.b1;/ready_q <= ready_q;/'
  broken $m valid_stays 8 's/wire leaves = .*/wire leaves = 1'"'b1"';/'
  broken $m in_order 8 's/ready_q ? data_i : kept_q/data_i/'
  m=axi3_split
  broken $m within_4_kib 8 's/address_q + 128/address_q + 256/'
  broken $m next_part 8 's/address_q + 128/address_q + 64/'
  broken $m not_beyond 8 's/two ? 4.d15 : {len_q\[2:0\], 1.b1}/4'"'d15"'/'
  broken $m all_of_it 8 's/wire last_sent = .*/wire last_sent = m_valid \&\& m_ready;/'
  broken $m valid_stays 8 's/assign m_valid = .*/assign m_valid = busy_q \&\& !full \&\& !done_i;/'
  broken $m capped 10 's/busy_q \&\& !full/busy_q/'
  broken $m known 8 's/assign known_o = .*/assign known_o = 1'"'b1"';/'
  broken $m right_answer 8 's/\] <= two;/] <= len_q[3];/'
  m=lite_bridge
  broken $m aw_stays 12 's/if (m_awvalid \&\& m_awready) address_sent_q/if (m_awvalid) address_sent_q/'
  broken $m w_stays 12 's/if (m_wvalid \&\& m_wready) data_sent_q/if (m_wvalid) data_sent_q/'
  broken $m ar_stays 12 's/ReadSend: if (m_arready)/ReadSend:/'
  broken $m b_stays 12 's/default:   if (s_bready)/default:  /'
  broken $m r_stays 12 's/default:  if (s_rready)/default: /'
  broken $m beats_taken 12 's/WriteWait: if (m_bvalid) write_q <= beat_last ? WriteAnswer : WriteData/WriteWait: if (m_bvalid) write_q <= WriteData/'
  broken $m answered_last 12 's/WriteWait: if (m_bvalid) write_q <= beat_last ? WriteAnswer : WriteData/WriteWait: if (m_bvalid) write_q <= WriteAnswer/'
  broken $m worst_answer 20 's/if (m_bresp > write_answer_q)/if (1)/'
  broken $m one_address 12 's/WriteSend \&\& !address_sent_q/WriteSend/'
  broken $m one_datum 12 's/WriteSend \&\& !data_sent_q/WriteSend/'
  broken $m both_handed 12 's/WriteSend: if (both_sent)/WriteSend: if (m_awready)/'
  broken $m write_address 20 's/write_step_q <= s_awburst == Fixed/write_step_q <= s_awburst != Fixed/'
  broken $m wraps_reach_nothing 12 's/if (s_wvalid) write_q <= !write_bad_q ? WriteSend/if (s_wvalid) write_q <= 1 ? WriteSend/'
  broken $m last_is_last 12 's/assign s_rlast = .*/assign s_rlast = read_left_q <= 8'"'d1"';/'
  broken $m read_address 20 's/read_step_q <= s_arburst == Fixed/read_step_q <= s_arburst != Fixed/'
  broken $m read_answer 12 's/read_answer_q <= m_rresp/read_answer_q <= Okay/'
}

case "${1:-all}" in
  sizes) sizes ;;
  mutations) mutations ;;
  all) sizes; mutations ;;
  *) sed -n '2,6p' "$0"; exit 2 ;;
esac
