# The same design as a project, to look at it and to work on it:
#
#   vivado -source project.tcl [-tclargs OUT]
#
# The project lies in OUT, or in project/ beside this file; an older one there is replaced. "Generate Bitstream" then does
# what build.tcl does, but without its gates.
set here [file normalize [file dirname [info script]]]
source [file join $here settings.tcl]
source [file join $here design.tcl]

set out [file join $here project]
if {$argc > 0} {set out [file normalize [lindex $argv 0]]}
seigo::note_version
seigo::raise_severities
# -force replaces the project of an earlier run.
create_project -force seigo $out -part [seigo::setting part]
# Verilog is what the accelerator is written in, so that the wrapper is the same language.
set_property target_language Verilog [current_project]

if {[seigo::setting board_part] ne ""} {
  seigo::use_board
  seigo::use_ip $here
  create_bd_design system
  # Checkpoints of its own: what did not change is not synthesized again.
  seigo::draw_system $here Hierarchical
  add_files -norecurse [concat [list [seigo::write_wrapper $out]] [seigo::board_sources $here]]
  add_files -fileset constrs_1 -norecurse [file join $here constraints.xdc]
} else {
  add_files -norecurse [seigo::accelerator_sources $here]
  # Headers are found by their folder.
  set_property include_dirs [list [file join $here .. rtl]] [get_filesets sources_1]
  add_files -fileset constrs_1 -norecurse [file join $here out_of_context.xdc]
  # Without a board there are no pins: the accelerator alone, whose ports stay inside of the part.
  set_property -name {STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS} -value {-mode out_of_context} -objects [get_runs synth_1]
}
set_property top [seigo::setting top] [get_filesets sources_1]
update_compile_order -fileset sources_1
# The steps that build.tcl takes, with the same directives.
set_property STEPS.SYNTH_DESIGN.ARGS.FLATTEN_HIERARCHY rebuilt [get_runs synth_1]
set run [get_runs impl_1]
set_property STEPS.OPT_DESIGN.ARGS.DIRECTIVE Explore $run
set_property STEPS.PLACE_DESIGN.ARGS.DIRECTIVE Explore $run
set_property STEPS.PHYS_OPT_DESIGN.IS_ENABLED true $run
set_property STEPS.PHYS_OPT_DESIGN.ARGS.DIRECTIVE AggressiveExplore $run
set_property STEPS.ROUTE_DESIGN.ARGS.DIRECTIVE Explore $run
# The form that some loaders take, beside the one with a header.
set_property STEPS.WRITE_BITSTREAM.ARGS.BIN_FILE true $run
puts "seigo: project in $out; Generate Bitstream makes seigo.runs/impl_1/[seigo::setting top].bit"
