# Projects, sources, constraints, and the steps from synthesis to bitstream.
namespace eval model {
  # What was done: project (none, memory or a folder), properties of the project, sources, constraints, files that were
  # generated, last step of the flow, severities, bitstream.
  variable state [dict create project none folder "" properties {} sources {} constraints {} generated 0 wrapper 0 \
    step none severities {} bitstream 0 top "" pins {}]

  proc state {name} {variable state; return [dict get $state $name]}
  proc put {name value} {variable state; dict set state $name $value}
  proc add {name value} {variable state; dict lappend state $name {*}$value}
  proc need_project {} {if {[state project] eq "none"} {error "no project is open"}}
  proc project_folder {} {return [state folder]}
  proc property {name} {
    if {[dict exists [state properties] $name]} {return [dict get [state properties] $name]}
    return ""
  }
  # A step needs the one before it.
  proc advance {before after} {
    if {[state step] ni $before} {error "$after comes after [join $before " or "], not after [state step]"}
    put step $after
  }
  proc files {names} {
    foreach name $names {if {![file isfile $name]} {error "there is no file $name"}}
    return $names
  }

  command version {-short flag} 0 0 {return [dict get $found version]}
  command create_project {-part value -force flag -in_memory flag} 0 2 {
    if {[state project] ne "none"} {error "a project is open"}
    if {![info exists option(-part)] || ![regexp {^x[a-z0-9]+-[a-z0-9]+-[0-9A-Za-z-]+$|^xc7z[0-9]+[a-z0-9]+-[0-9]$} $option(-part)]} {
      error "create_project: -part names no part"
    }
    if {[info exists option(-in_memory)]} {put project memory} else {put project disk}
    put folder [expr {[llength $objects] > 1 ? [lindex $objects 1] : [pwd]}]
    file mkdir [state folder]
    set ::model::part $option(-part)
  }
  command current_project {} 0 0 {need_project; return project:}
  command current_design {} 0 0 {
    if {[state step] eq "none"} {error "no design is open"}
    return design:
  }
  command set_msg_config {-id value -severity value -new_severity value -limit value -suppress flag} 0 0 {
    if {$option(-new_severity) ni {INFO STATUS WARNING {CRITICAL WARNING} ERROR}} {error "no severity $option(-new_severity)"}
    add severities [list [list $option(-id) $option(-new_severity)]]
  }
  command get_msg_config {-severity value -count flag -id value} 0 0 {return [dict get $found critical]}
  command get_board_parts {-latest_file_version flag -latest_hw_revision flag -filter value} 1 1 {
    if {![dict get $found boards]} {return ""}
    return [list [string map {* 1.3} [lindex $objects 0]] [string map {* 1.4} [lindex $objects 0]]]
  }
  command update_ip_catalog {-rebuild flag} 0 0 {
    set packages 0
    foreach folder [property ip_repo_paths] {
      foreach path [glob -nocomplain [file join $folder component.xml] [file join $folder * component.xml]] {
        ips::package $path
        incr packages
      }
    }
    if {$packages == 0} {error "no component.xml in [property ip_repo_paths]"}
  }

  # Properties of the things that the scripts set, each with the values that it may have.
  variable known {
    project {target_language {^(Verilog|VHDL)$} board_part {^[^ :]+:[^ :]+:part0:[0-9.]+$} ip_repo_paths {.}}
    fileset {top {.} include_dirs {.}}
    bd {synth_checkpoint_mode {^(None|Hierarchical|Singular)$}}
    design {BITSTREAM.GENERAL.COMPRESS {^(TRUE|FALSE)$} BITSTREAM.CONFIG.OVERTEMPSHUTDOWN {^(ENABLE|DISABLE)$}
      BITSTREAM.CONFIG.OVERTEMPPOWERDOWN {^(ENABLE|DISABLE)$}}
    port {PACKAGE_PIN {^[A-Z]+[0-9]+$} IOSTANDARD {^LVCMOS(12|15|18|25|33)$} SLEW {^(SLOW|FAST)$}
      DRIVE {^(2|4|6|8|12|16)$}}
    run {{STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS} {.} STEPS.SYNTH_DESIGN.ARGS.FLATTEN_HIERARCHY {^(rebuilt|full|none)$}
      STEPS.OPT_DESIGN.ARGS.DIRECTIVE {^Explore$} STEPS.PLACE_DESIGN.ARGS.DIRECTIVE {^(Explore|ExtraTimingOpt)$}
      STEPS.PHYS_OPT_DESIGN.IS_ENABLED {^(true|false)$} STEPS.PHYS_OPT_DESIGN.ARGS.DIRECTIVE {^(Aggressive)?Explore$}
      STEPS.ROUTE_DESIGN.ARGS.DIRECTIVE {^(Aggressive)?Explore$} STEPS.WRITE_BITSTREAM.ARGS.BIN_FILE {^(true|false)$}}
  }
  command set_property {-dict value -name value -value value -objects value} 0 1000 {
    if {[info exists option(-name)]} {
      set pairs [list $option(-name) $option(-value)]
      set targets [concat $option(-objects) $objects]
    } elseif {[info exists option(-dict)]} {
      set pairs $option(-dict)
      set targets $objects
    } else {
      set pairs [lrange $objects 0 1]
      set targets [concat {*}[lrange $objects 2 end]]
    }
    if {[llength $pairs] % 2 || [llength $targets] == 0} {error "set_property: names, values and objects are not all given"}
    foreach target $targets {foreach {name value} $pairs {set_one $target $name $value}}
  }
  proc set_one {target name value} {
    variable design
    variable known
    set kind [lindex [split $target :] 0]
    if {[dict exists $design cells [plain $target]]} {return [set_cell_parameter [plain $target] $name $value]}
    if {![dict exists $known $kind]} {error "set_property: $target is no object"}
    if {![dict exists $known $kind $name]} {error "a $kind has no property $name"}
    if {![regexp [dict get $known $kind $name] $value]} {error "$name cannot be {$value}"}
    if {$kind in {project bd}} {variable state; dict set state properties $name $value}
    if {$kind eq "fileset" && $name eq "top"} {put top $value}
    if {$kind eq "port"} {variable state; dict set state pins [string range $target 5 end] $name $value}
  }
  command get_property {-quiet flag} 2 2 {
    lassign $objects name object
    if {[dict exists $::ips::catalog $object] && $name eq "VLNV"} {return $object}
    if {[dict exists $design cells [plain $object]]} {return [get_cell_property [plain $object] $name]}
    if {[regexp {^path:(.*)$} $object -> slack] && $name eq "SLACK"} {return $slack}
    error "get_property: {$object} has no $name"
  }

  command get_files {-of_objects value} 1 1 {
    if {[lindex $objects 0] ne "[dict get $design name].bd"} {error "there is no file [lindex $objects 0]"}
    return bd:[dict get $design file]
  }
  command get_filesets {} 1 1 {return fileset:[lindex $objects 0]}
  command get_runs {} 1 1 {
    if {[state project] ne "disk"} {error "a project in memory has no runs"}
    return run:[lindex $objects 0]
  }
  command generate_target {-force flag} 2 2 {
    if {![dict get $design saved]} {error "the block design is not saved"}
    if {[lindex $objects 0] ne "all"} {error "not all targets are generated"}
    # Checkpoints are made by runs, which a project in memory does not have.
    set mode [expr {[state project] eq "memory" ? "None" : "Hierarchical"}]
    if {[property synth_checkpoint_mode] ne $mode} {error "files are generated without synth_checkpoint_mode $mode"}
    put generated 1
  }
  # As 2020.2 and later do: into a folder for generated files.
  command make_wrapper {-top flag -import flag -fileset value -force flag} 1 1 {
    if {![state generated]} {error "the block design's files are not generated"}
    if {![info exists option(-top)]} {error "make_wrapper: without -top there is no wrapper"}
    set folder [file join [file dirname [string map {seigo.srcs seigo.gen} [dict get $design file]]] hdl]
    file mkdir $folder
    set ports {}
    dict for {name about} [dict get $design ports] {
      lassign $about direction type width
      if {$type eq "external"} {lappend ports "inout external_$name"; continue}
      lappend ports "[string map {O output I input} $direction] \[[expr {$width - 1}]:0\] $name"
    }
    set file [open [file join $folder [dict get $design name]_wrapper.v] w]
    puts $file "module [dict get $design name]_wrapper ([join $ports ", "]);\nendmodule"
    close $file
    put wrapper 1
  }
  command read_verilog {-library value -sv flag} 1 1000 {need_project; add sources [files [concat {*}$objects]]}
  command add_files {-fileset value -norecurse flag -copy_to value -force flag} 1 1 {
    need_project
    files [lindex $objects 0]
    if {[info exists option(-fileset)]} {add constraints [lindex $objects 0]} else {add sources [lindex $objects 0]}
  }
  command read_xdc {-mode value -unmanaged flag} 1 1 {need_project; add constraints [files $objects]}
  command update_compile_order {-fileset value} 0 0 {
    put step project
    if {[llength [module [state top]]] == 0} {error "no source has the module [state top]"}
    constrain
  }

  # Ports of a module in the sources; a list of one empty name where it has none, nothing where it is not found.
  proc module {name} {
    foreach path [state sources] {
      set file [open $path]
      set text [read $file]
      close $file
      if {[regexp "\\mmodule\\s+?$name;" $text]} {return {{}}}
      if {[regexp "\\mmodule\\s+?$name\\s*?\\((.*?)\\);" $text -> ports]} {
        regsub -all {\(\*.*?\*\)} $ports "" ports
        set names {}
        foreach port [split $ports ,] {lappend names [lindex [string trim $port] end]}
        if {$names eq ""} {return {{}}}
        return $names
      }
    }
    return {}
  }
  # Constraints are no Tcl: only these commands, one a line, no control flow.
  proc constrain {} {
    foreach path [state constraints] {
      set file [open $path]
      foreach line [split [read $file] \n] {
        if {[string match #* [string trim $line]] || [string trim $line] eq ""} {continue}
        if {![regexp {^(set_property|create_clock|set_false_path) } $line]} {error "$path: no constraint: $line"}
        uplevel #0 $line
      }
      close $file
    }
  }
  command get_ports {} 1 1 {
    if {[lindex $objects 0] ni [module [state top]]} {error "there is no port [lindex $objects 0]"}
    return port:[lindex $objects 0]
  }
  # A pin of an instance that some source has: INSTANCE/.../PIN.
  command get_pins {} 1 1 {
    foreach instance [lrange [split [lindex $objects 0] /] 0 end-1] {
      regsub {_reg\[.*\]$} $instance "" instance
      set known 0
      foreach path [state sources] {
        set file [open $path]
        if {[regexp "\\m$instance\\M" [read $file]]} {set known 1}
        close $file
      }
      if {!$known} {error "there is no instance $instance"}
    }
    return pin:[lindex $objects 0]
  }
  command create_clock {-name value -period value} 1 1 {
    if {![string is double -strict $option(-period)] || $option(-period) <= 0} {error "no period: $option(-period)"}
    put clocked 1
  }
  command set_false_path {-from value -to value -through value} 0 0 {
    foreach end {-from -to -through} {
      if {[info exists option($end)] && ![regexp {^(port|pin):} $option($end)]} {error "set_false_path $end is no object"}
    }
  }

  command synth_design {-top value -part value -mode value -flatten_hierarchy value -include_dirs value} 0 0 {
    advance none synth
    put top $option(-top)
    if {$option(-part) ne $::model::part} {error "synth_design: another part than the project's"}
    if {[llength [module $option(-top)]] == 0} {error "no source has the module $option(-top)"}
    if {[dict get $design name] ne "" && !([state generated] && [state wrapper])} {error "the block design is not generated"}
    constrain
    if {[info exists option(-mode)]} {
      if {$option(-mode) ne "out_of_context"} {error "synth_design: -mode $option(-mode)"}
      if {[catch {state clocked}]} {error "nothing constrains the clock"}
      return
    }
    # Pins of the processor have places of their own.
    foreach port [module $option(-top)] {
      if {$port eq "" || [string match external_* $port]} {continue}
      foreach name {PACKAGE_PIN IOSTANDARD} {
        if {![dict exists [state pins] $port $name]} {error "\[DRC NSTD-1, UCIO-1\] port $port has no $name"}
      }
    }
  }
  command opt_design {-directive value} 0 0 {advance synth opt}
  command place_design {-directive value} 0 0 {advance opt place}
  command phys_opt_design {-directive value} 0 0 {
    if {[state step] ni {place route}} {error "phys_opt_design comes after place_design or route_design"}
  }
  command route_design {-directive value} 0 0 {advance place route}
  proc written {name} {close [open $name w]}
  command write_checkpoint {-force flag} 1 1 {written [lindex $objects 0]}
  # What a report says, into a file or as an answer.
  proc reported {named text} {
    if {[state step] eq "none"} {error "there is no design to report on"}
    if {[dict exists $named -file]} {
      set file [open [dict get $named -file] w]
      puts $file $text
      close $file
    }
    if {[dict exists $named -return_string]} {return $text}
  }
  command report_utilization {-hierarchical flag -file value -return_string flag} 0 0 {
    set slice [expr {[string match xc7* $::model::part] ? "Slice" : "CLB"}]
    set rows [list "$slice LUTs*" [dict get $found lut] "$slice Registers" 31234 "Block RAM Tile" 44.5 URAM \
      [dict get $found uram] DSPs [dict get $found dsp]]
    if {$slice eq "Slice"} {set rows [lreplace $rows 6 7]}
    set text "| Site Type | Used | Fixed | Prohibited | Available | Util% |"
    foreach {name used} $rows {append text "\n| [format %-22s $name] | [format %6s $used] |     0 |          0 |  999999 |  1.00 |"}
    return [reported $named $text]
  }
  command report_timing_summary {-warn_on_violation flag -file value -no_header flag -return_string flag} 0 0 {
    set met [expr {[dict get $found slack] >= 0 && [dict get $found hold] >= 0}]
    return [reported $named [expr {$met ? "All user specified timing constraints are met." : "Slack (VIOLATED)"}]]
  }
  command report_route_status {-file value -return_string flag} 0 0 {
    return [reported $named "   # of nets with routing errors.......... :     [format %7d [dict get $found unrouted]] :"]
  }
  command report_power {-file value} 0 0 {return [reported $named "power"]}
  command report_drc {-name value -file value} 0 0 {set ::model::drc $option(-name); return [reported $named "drc"]}
  command report_methodology {-name value -file value} 0 0 {
    set ::model::methodology $option(-name)
    return [reported $named "methodology"]
  }
  proc violations {what named} {
    variable found
    if {[dict get $named -name] ne [set ::model::$what]} {error "there is no result [dict get $named -name]"}
    return [lrange {ONE-1 TWO-2 THREE-3} 0 [expr {[dict get $found $what] - 1}]]
  }
  command get_drc_violations {-name value -filter value} 0 0 {return [violations drc $named]}
  command get_methodology_violations {-name value -filter value} 0 0 {return [violations methodology $named]}
  command get_timing_paths {-setup flag -hold flag -max_paths value} 0 0 {
    return path:[dict get $found [expr {[info exists option(-hold)] ? "hold" : "slack"}]]
  }
  command check_timing {-override_defaults value -no_header flag -return_string flag} 0 0 {
    return "There are [dict get $found unclocked] register/latch pins with no clock."
  }
  command get_cells {-hierarchical flag -filter value} 0 1 {
    return [lrange {inner/hole outer/hole} 0 [expr {[dict get $found blackbox] - 1}]]
  }
  command write_bitstream {-force flag -bin_file flag} 1 1 {
    if {[state step] ne "route"} {error "write_bitstream comes after route_design"}
    written [lindex $objects 0]
    put bitstream 1
  }
  command write_hw_platform {-fixed flag -force flag -include_bit flag} 1 1 {
    if {![state bitstream]} {error "write_hw_platform -include_bit: there is no bitstream"}
    written [lindex $objects 0]
  }

  proc summary {} {
    variable design
    set drawn ""
    if {[dict get $design name] ne ""} {
      if {![dict get $design saved]} {error "the block design is not saved"}
      set drawn ", [dict size [dict get $design cells]] cells, [llength [dict get $design nets]] nets,\
        [llength [dict get $design links]] interfaces, [llength [dict get $design mapped]] segments"
    }
    return "model: step [state step][expr {[state bitstream] ? ", bitstream" : ""}]$drawn"
  }
}
