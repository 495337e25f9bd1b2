# What build.tcl and project.tcl share: tool, board, sources, block design.
namespace eval seigo {}

# A fact of settings.tcl.
proc seigo::setting {name} {
  return [dict get $::settings $name]
}

# Nothing here asks for a version of Vivado or of an IP. These scripts were checked against Vivado's published help and
# by a model of it, not by Vivado itself, so the log says what ran them.
proc seigo::note_version {} {
  puts "seigo: Vivado [version -short], target [seigo::setting target], made by [seigo::setting made_by]"
}

proc seigo::raise_severities {} {
  # A property that an IP does not have is only warned of, and the design would be another one than was meant.
  set_msg_config -id {BD 41-1276} -new_severity ERROR
  # A segment without an address would be unreachable in hardware.
  set_msg_config -id {BD 41-1356} -new_severity ERROR
}

# The newest board files that are installed; versions of Vivado ship different ones.
proc seigo::use_board {} {
  set found [get_board_parts -quiet -latest_file_version [seigo::setting board_part]]
  if {$found eq ""} {
    error "seigo: there are no files of the board [seigo::setting board]: get them from [seigo::setting board_files]"
  }
  set_property board_part [lindex $found end] [current_project]
}

# The accelerator as an IP: component.xml of ip/, whose files are those of ../rtl.
proc seigo::use_ip {here} {
  set_property ip_repo_paths [list [file join $here ip]] [current_project]
  # The catalog is read anew only when it is told.
  update_ip_catalog
}

# Draws the block design in the open diagram and makes its files, with checkpoints of its own (Hierarchical) or without.
proc seigo::draw_system {here checkpoints} {
  source [file join $here bd.tcl]
  # An error on an unconnected clock, an overlap of addresses or interfaces that do not fit.
  validate_bd_design
  save_bd_design
  # Before the files are made, since they depend on it.
  set_property synth_checkpoint_mode $checkpoints [get_files system.bd]
  generate_target all [get_files system.bd]
}

# Makes the Verilog around the block design and says where it is: versions up to 2020.1 write beside the diagram, later
# ones into a folder for generated files.
proc seigo::write_wrapper {out} {
  make_wrapper -top [get_files system.bd]
  set found [seigo::find $out system_wrapper.v]
  if {$found eq ""} {error "seigo: make_wrapper left no system_wrapper.v in $out"}
  return $found
}

# The newest file of that name below a folder, or nothing.
proc seigo::find {folder name} {
  set found ""
  set time -1
  foreach path [glob -nocomplain -directory $folder -types f $name] {
    if {[file mtime $path] > $time} {
      set found $path
      set time [file mtime $path]
    }
  }
  foreach below [glob -nocomplain -directory $folder -types d *] {
    set path [seigo::find $below $name]
    if {$path ne "" && [file mtime $path] > $time} {
      set found $path
      set time [file mtime $path]
    }
  }
  return $found
}

# What stands around the block design's wrapper: the top level of a board whose pins the design drives.
proc seigo::board_sources {here} {
  set sources {}
  foreach name [seigo::setting board_sources] {lappend sources [file join $here $name]}
  return $sources
}

# The accelerator's Verilog for a flow without the IP.
proc seigo::accelerator_sources {here} {
  return [lsort [glob -directory [file join $here .. rtl] *.v]]
}
