# Commands that draw a block design, and the model that they draw.
namespace eval model {
  # cells: name -> {kind values}; ports: name -> {direction type}; nets: list of lists of pins; links: list of pairs of
  # interfaces; mapped: list of {space segment base bytes}; excluded: list of {space segment}.
  variable design [dict create name "" cells {} ports {} nets {} links {} mapped {} excluded {} valid 0 saved 0]
  # What a cell has now.
  proc described {cell} {
    variable design
    lassign [dict get $design cells $cell] kind values
    return [ips::describe $kind $values]
  }

  # `/ps/pl_clk0` and `ps/pl_clk0` are one.
  proc plain {name} {return [string trimleft $name /]}

  proc need_design {} {
    variable design
    if {[dict get $design name] eq ""} {error "no block design is open"}
    dict set design valid 0
    dict set design saved 0
  }

  # Every object that matches, as Vivado names it; none is an error unless -quiet.
  proc matching {what pattern names named} {
    set pattern [plain $pattern]
    set found {}
    foreach name $names {if {[string match $pattern $name]} {lappend found /$name}}
    if {$found eq "" && ![dict exists $named -quiet]} {error "no $what matches $pattern"}
    return $found
  }

  # Names below every cell: `part` of its description.
  proc names {part} {
    variable design
    set names {}
    foreach cell [dict keys [dict get $design cells]] {
      foreach name [dict keys [dict get [described $cell] $part]] {lappend names $cell/$name}
    }
    return $names
  }

  command create_bd_design {-dir value -cell value} 1 1 {
    if {[dict get $design name] ne ""} {error "a block design exists"}
    need_project
    dict set design name [lindex $objects 0]
    set folder [expr {[info exists option(-dir)] ? $option(-dir) : [file join [project_folder] seigo.srcs sources_1 bd]}]
    dict set design file [file join $folder [lindex $objects 0] [lindex $objects 0].bd]
    return [lindex $objects 0]
  }
  command get_ipdefs {-filter value -all flag -regexp flag -nocase flag -name flag} 0 1 {
    set hits {}
    foreach vlnv [dict keys $::ips::catalog] {
      if {[string match [lindex $objects 0] $vlnv]} {lappend hits $vlnv}
    }
    return $hits
  }
  command create_bd_cell {-type value -vlnv value -reference value -revision value} 1 1 {
    need_design
    set name [plain [lindex $objects 0]]
    if {![info exists option(-type)] || $option(-type) ne "ip"} {error "create_bd_cell: -type must be ip"}
    if {![dict exists $::ips::catalog $option(-vlnv)]} {error "\[BD 5-216\] VLNV <$option(-vlnv)> is not supported"}
    if {[dict exists $design cells $name]} {error "a cell $name exists"}
    set kind [dict get $::ips::catalog $option(-vlnv)]
    dict set design cells $name [list $kind [ips::defaults $kind]]
    return /$name
  }
  command get_bd_cells {-hierarchical flag -filter value} 1 1 {
    return [matching cell [lindex $objects 0] [dict keys [dict get $design cells]] $named]
  }
  command get_bd_pins {-hierarchical flag -filter value} 1 1 {
    return [matching pin [lindex $objects 0] [names pins] $named]
  }
  command get_bd_intf_pins {-hierarchical flag -filter value} 1 1 {
    return [matching interface [lindex $objects 0] [names buses] $named]
  }
  command get_bd_ports {-filter value} 1 1 {
    return [matching port [lindex $objects 0] [dict keys [dict get $design ports]] $named]
  }
  command get_bd_addr_spaces {-filter value} 1 1 {
    return [matching "address space" [lindex $objects 0] [names spaces] $named]
  }
  command get_bd_addr_segs {-filter value -of_objects value -excluded flag -addressed flag -unaddressed flag} 1 1 {
    return [matching segment [lindex $objects 0] [names segments] $named]
  }

  command apply_bd_automation {-rule value -config value} 1 1 {
    need_design
    set cell [plain [lindex $objects 0]]
    lassign [dict get $design cells $cell] kind values
    set rules {zynq_ultra zynq_ultra_ps_e zynq_7000 processing_system7}
    if {![dict exists $rules $kind] || $option(-rule) ne "xilinx.com:bd_rule:[dict get $rules $kind]"} {
      error "there is no rule $option(-rule) for $cell"
    }
    if {[llength $option(-config)] % 2} {error "-config is no list of names and values: $option(-config)"}
    if {[dict get $option(-config) apply_board_preset] ne 1} {error "the board's preset is not applied"}
    if {[property board_part] eq ""} {error "there is no board whose preset could be applied"}
    # Presets of boards switch the second port on.
    if {$kind eq "zynq_ultra"} {dict set values PSU__USE__M_AXI_GP1 1}
    dict set design cells $cell [list $kind $values]
    if {[dict exists $option(-config) make_external]} {
      foreach name [split [string map {", " ,} [dict get $option(-config) make_external]] ,] {
        dict set design ports $name {IO external}
      }
    }
  }

  proc set_cell_parameter {cell name value} {
    variable design
    lassign [dict get $design cells $cell] kind values
    if {![regsub {^CONFIG\.} $name "" parameter]} {error "a cell has no property $name"}
    dict set design cells $cell [list $kind [ips::set_parameter $kind $values $parameter $value]]
  }
  proc get_cell_property {cell name} {
    variable design
    lassign [dict get $design cells $cell] kind values
    switch -glob $name {
      CONFIG.PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ {
        return [ips::actual [dict get $values PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ] 1500]
      }
      CONFIG.PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ {
        return [ips::actual [dict get $values PCW_FPGA0_PERIPHERAL_FREQMHZ] 1000]
      }
      CONFIG.* {return [dict get $values [string range $name 7 end]]}
    }
    error "a cell has no property $name"
  }

  command create_bd_port {-from value -to value -dir value -type value -freq_hz value} 1 1 {
    need_design
    if {![info exists option(-dir)] || $option(-dir) ni {I O IO}} {error "create_bd_port: -dir is I, O or IO"}
    set type [expr {[info exists option(-type)] ? $option(-type) : "data"}]
    set width [expr {[info exists option(-from)] ? $option(-from) - $option(-to) + 1 : 1}]
    dict set design ports [lindex $objects 0] [list $option(-dir) $type $width]
    return /[lindex $objects 0]
  }
  command connect_bd_net {-net value -boundary_type value} 2 1000 {
    need_design
    set pins {}
    foreach object $objects {
      if {[llength $object] != 1} {error "connect_bd_net: {$object} is not one pin"}
      lappend pins [plain $object]
    }
    # A pin that has a net brings it along.
    set kept {}
    foreach net [dict get $design nets] {
      set shared 0
      foreach pin $net {if {$pin in $pins} {set shared 1}}
      if {$shared} {set pins [lsort -unique [concat $pins $net]]} else {lappend kept $net}
    }
    dict set design nets [linsert $kept end $pins]
  }
  command connect_bd_intf_net {-intf_net value -boundary_type value} 2 2 {
    need_design
    set ends {}
    foreach object $objects {
      if {[llength $object] != 1} {error "connect_bd_intf_net: {$object} is not one interface"}
      foreach link [dict get $design links] {
        if {[plain $object] in $link} {error "$object is connected twice"}
      }
      lappend ends [plain $object]
    }
    dict lappend design links $ends
  }

  proc number {text} {
    foreach {letter factor} {K 1024 M 1048576 G 1073741824} {
      if {[regexp "^(\[0-9\]+)$letter\$" $text -> digits]} {return [expr {$digits * $factor}]}
    }
    if {![string is wideinteger -strict $text]} {error "$text is no number"}
    return [expr {$text + 0}]
  }
  command assign_bd_address {-target_address_space value -offset value -range value -force flag} 1 1 {
    need_design
    foreach name {-target_address_space -offset -range} {
      if {![info exists option($name)]} {error "assign_bd_address: without $name the tool chooses"}
    }
    dict lappend design mapped [list [plain $option(-target_address_space)] [plain [lindex $objects 0]] \
      [number $option(-offset)] [number $option(-range)]]
  }
  command exclude_bd_addr_seg {-target_address_space value} 1 1 {
    need_design
    dict lappend design excluded [list [plain $option(-target_address_space)] [plain [lindex $objects 0]]]
  }

  command validate_bd_design {-force flag} 0 0 {
    set wrong [rules::broken $design]
    if {$wrong ne ""} {error "validate_bd_design: [join $wrong "; "]"}
    dict set design valid 1
  }
  command save_bd_design {} 0 1 {
    if {![dict get $design valid]} {error "the block design was changed after validation"}
    dict set design saved 1
    file mkdir [file dirname [dict get $design file]]
    close [open [dict get $design file] w]
  }
}
