# From the Verilog to a bitstream, without a project:
#
#   vivado -mode batch -nojournal -log build.log -source build.tcl [-tclargs OUT [device]]
#
# With `device` it takes the whole device in plain Verilog, of ../device, instead of the block design.
#
# Everything that it makes lies in OUT, or in out/ beside this file. Where a gate fails it ends with an error and without
# a bitstream; OUT/verdict.json says which gate. `seigo report --resources OUT/resources.json` shows what was counted.
set here [file normalize [file dirname [info script]]]
source [file join $here settings.tcl]
source [file join $here design.tcl]
source [file join $here gates.tcl]

set out [file join $here out]
if {$argc > 0} {set out [file normalize [lindex $argv 0]]}
set plain [expr {[lindex $argv 1] eq "device"}]
if {$plain && [seigo::setting board_part] eq ""} {error "seigo: no board is known, so there is no device"}
# Vivado writes generated files where it stands: all of them belong to OUT.
file mkdir $out
cd $out
# What an earlier run left must not be taken for the result of this one.
file delete -force seigo.bit seigo.bin seigo.xsa verdict.json resources.json

seigo::note_version
seigo::raise_severities
# In memory: nothing of a project is left that could be opened by mistake.
create_project -in_memory -part [seigo::setting part]
# Verilog is what the accelerator is written in, so that the wrapper is the same language.
set_property target_language Verilog [current_project]

if {$plain} {
  # The processor is a primitive here: no IP, no block design, no files of the board.
  read_verilog [concat [seigo::accelerator_sources $here] [lsort [glob -directory [file join $here .. device] *.v]]]
  read_xdc [file join $here constraints.xdc]
  read_xdc [file join $here device.xdc]
  synth_design -top seigo_device -part [seigo::setting part] -flatten_hierarchy rebuilt \
    -include_dirs [file join $here .. rtl]
} elseif {[seigo::setting board_part] ne ""} {
  seigo::use_board
  seigo::use_ip $here
  # The folder is named, since a project in memory has none.
  file mkdir [file join $out bd]
  create_bd_design -dir [file join $out bd] system
  # No checkpoint of its own: the block design is synthesized with the top level, which optimizes across the border.
  seigo::draw_system $here None
  read_verilog [concat [list [seigo::write_wrapper $out]] [seigo::board_sources $here]]
  read_xdc [file join $here constraints.xdc]
  synth_design -top [seigo::setting top] -part [seigo::setting part] -flatten_hierarchy rebuilt
} else {
  # Without a board there are no pins: the accelerator alone, whose ports stay inside of the part.
  read_verilog [seigo::accelerator_sources $here]
  read_xdc -mode out_of_context [file join $here out_of_context.xdc]
  synth_design -top [seigo::setting top] -part [seigo::setting part] -mode out_of_context -flatten_hierarchy rebuilt \
    -include_dirs [file join $here .. rtl]
}
write_checkpoint -force synth.dcp
report_utilization -hierarchical -file utilization_synth.rpt
# A design that is too large, or with a hole in it, is told before hours of placement.
gates::black_boxes
gates::budget synthesis
gates::stop_if_failed

# Explore tries more than the defaults; the array's multipliers and the shared memory need it at the target's clock.
opt_design -directive Explore
place_design -directive Explore
phys_opt_design -directive AggressiveExplore
route_design -directive Explore
# Once more after routing, where it can still gain something.
if {[gates::slack setup] < 0} {phys_opt_design -directive AggressiveExplore}
write_checkpoint -force routed.dcp

report_utilization -file utilization.rpt
report_utilization -hierarchical -file utilization_hierarchical.rpt
report_timing_summary -warn_on_violation -file timing.rpt
report_route_status -file route.rpt
report_power -file power.rpt
gates::budget implementation
gates::timing
gates::routing
gates::design_rules
gates::methodology
gates::critical_warnings
gates::stop_if_failed

if {[seigo::setting board_part] ne ""} {
  # -bin_file: the form that some loaders take, beside the one with a header.
  write_bitstream -force -bin_file seigo.bit
  # For Vitis and PetaLinux; holds the bitstream. It is made of a block design.
  if {!$plain} {write_hw_platform -fixed -force -include_bit seigo.xsa}
}
gates::pass
