# IPs: what a cell of one has, by its parameters.
#
# `describe` answers with a dictionary:
#   pins      name -> {direction type}          direction I or O; type clk, rst, intr or data
#   buses     name -> {mode protocol bits clock reset}   mode Master or Slave; reset empty where the IP has none
#   spaces    name of a bus or Data -> bits of address
#   segments  path below the cell -> {bus base bytes}; base empty where the design chooses
#   open      pins that may stay unconnected
namespace eval ips {
  # VLNV -> name of the procedure. Two versions of an IP, to see that the newest is taken.
  variable catalog {
    xilinx.com:ip:zynq_ultra_ps_e:3.4 zynq_ultra
    xilinx.com:ip:zynq_ultra_ps_e:3.5 zynq_ultra
    xilinx.com:ip:processing_system7:5.5 zynq_7000
    xilinx.com:ip:proc_sys_reset:5.0 proc_sys_reset
    xilinx.com:ip:smartconnect:1.0 smartconnect
  }

  # Parameters that are known: the values that each may have, as a regular expression, and what it is before a preset.
  # Names are those of PG201, PG082, PG164 and PG247.
  variable flag {^[01]$}
  variable parameters [dict create \
    zynq_ultra [list \
      PSU__USE__M_AXI_GP0 [list $flag 1] PSU__USE__M_AXI_GP1 [list $flag 1] PSU__USE__M_AXI_GP2 [list $flag 0] \
      PSU__MAXIGP0__DATA_WIDTH {^(32|64|128)$ 128} PSU__USE__S_AXI_GP2 [list $flag 0] \
      PSU__SAXIGP2__DATA_WIDTH {^(32|64|128)$ 128} PSU__USE__IRQ0 [list $flag 1] \
      PSU__USE__FABRIC__RST [list $flag 1] PSU__NUM_FABRIC_RESETS {^[0-4]$ 1} PSU__FPGA_PL0_ENABLE [list $flag 1] \
      PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ {^[0-9.]+$ 100} PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ {^$ {}} \
      PSU__TTC0__WAVEOUT__ENABLE [list $flag 0] PSU__TTC0__WAVEOUT__IO {^EMIO$ {}}] \
    zynq_7000 [list \
      PCW_USE_M_AXI_GP0 [list $flag 1] PCW_USE_S_AXI_HP0 [list $flag 0] PCW_S_AXI_HP0_DATA_WIDTH {^(32|64)$ 64} \
      PCW_USE_FABRIC_INTERRUPT [list $flag 0] PCW_IRQ_F2P_INTR [list $flag 0] PCW_EN_CLK0_PORT [list $flag 1] \
      PCW_EN_RST0_PORT [list $flag 1] PCW_FPGA0_PERIPHERAL_FREQMHZ {^[0-9.]+$ 50} \
      PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ {^$ {}}] \
    proc_sys_reset {} \
    smartconnect {NUM_SI {^([1-9]|1[0-6])$ 1} NUM_MI {^([1-9]|1[0-6])$ 1}} \
    component {}]

  proc defaults {kind} {
    variable parameters
    set values {}
    dict for {name rule} [dict get $parameters $kind] {dict set values $name [lindex $rule 1]}
    return $values
  }

  # Sets a parameter, as BD 41-1276 does when it is an error.
  proc set_parameter {kind values name value} {
    variable parameters
    if {![dict exists $parameters $kind $name]} {error "\[BD 41-1276\] the IP has no parameter CONFIG.$name"}
    set rule [lindex [dict get $parameters $kind $name] 0]
    if {![regexp $rule $value]} {error "CONFIG.$name cannot be $value"}
    dict set values $name $value
    return $values
  }

  # A PLL of 1,500 MHz (UltraScale+) or 1,000 MHz (7 series) divides by whole numbers, never above what is asked for.
  proc actual {asked pll} {
    return [format %.6f [expr {double($pll) / ceil($pll / double($asked) - 1e-9)}]]
  }

  proc describe {kind values} {return [$kind $values]}

  proc zynq_ultra {values} {
    dict with values {}
    set pins {}
    set buses {}
    set segments {}
    if {$PSU__FPGA_PL0_ENABLE} {dict set pins pl_clk0 {O clk}}
    if {$PSU__USE__FABRIC__RST} {dict set pins pl_resetn0 {O rst}}
    if {$PSU__USE__IRQ0} {dict set pins pl_ps_irq0 {I intr}}
    foreach {number port} {0 HPM0_FPD 1 HPM1_FPD 2 HPM0_LPD} {
      if {![set PSU__USE__M_AXI_GP$number]} {continue}
      set clock maxi[string tolower $port]_aclk
      set bits [expr {$number == 0 ? $PSU__MAXIGP0__DATA_WIDTH : 32}]
      dict set pins $clock {I clk}
      dict set buses M_AXI_$port [list Master AXI4 $bits $clock {}]
    }
    if {$PSU__USE__S_AXI_GP2} {
      dict set pins saxihp0_fpd_aclk {I clk}
      dict set buses S_AXI_HP0_FPD [list Slave AXI4 $PSU__SAXIGP2__DATA_WIDTH saxihp0_fpd_aclk {}]
      foreach {name base bytes} {
        HP0_DDR_LOW 0x0 0x80000000 HP0_DDR_HIGH 0x800000000 0x800000000
        HP0_QSPI 0xC0000000 0x20000000 HP0_LPS_OCM 0xFF000000 0x1000000
      } {dict set segments SAXIGP2/$name [list S_AXI_HP0_FPD $base $bytes]}
    }
    if {$PSU__TTC0__WAVEOUT__ENABLE && $PSU__TTC0__WAVEOUT__IO eq "EMIO"} {dict set pins emio_ttc0_wave_o {O data 3}}
    return [dict create pins $pins buses $buses spaces {Data 40} segments $segments open {}]
  }

  proc zynq_7000 {values} {
    dict with values {}
    set pins {}
    set buses {}
    set segments {}
    if {$PCW_EN_CLK0_PORT} {dict set pins FCLK_CLK0 {O clk}}
    if {$PCW_EN_RST0_PORT} {dict set pins FCLK_RESET0_N {O rst}}
    if {$PCW_USE_FABRIC_INTERRUPT && $PCW_IRQ_F2P_INTR} {dict set pins IRQ_F2P {I intr}}
    if {$PCW_USE_M_AXI_GP0} {
      dict set pins M_AXI_GP0_ACLK {I clk}
      dict set buses M_AXI_GP0 {Master AXI3 32 M_AXI_GP0_ACLK {}}
    }
    if {$PCW_USE_S_AXI_HP0} {
      dict set pins S_AXI_HP0_ACLK {I clk}
      dict set buses S_AXI_HP0 [list Slave AXI3 $PCW_S_AXI_HP0_DATA_WIDTH S_AXI_HP0_ACLK {}]
      dict set segments S_AXI_HP0/HP0_DDR_LOWOCM {S_AXI_HP0 0x0 0x20000000}
    }
    return [dict create pins $pins buses $buses spaces {Data 32} segments $segments open {}]
  }

  proc proc_sys_reset {values} {
    set pins {
      slowest_sync_clk {I clk} ext_reset_in {I rst} aux_reset_in {I rst} mb_debug_sys_rst {I rst} dcm_locked {I data}
      mb_reset {O rst} bus_struct_reset {O rst} peripheral_reset {O rst} interconnect_aresetn {O rst}
      peripheral_aresetn {O rst}
    }
    # The IP ties these to what does nothing.
    set open {aux_reset_in mb_debug_sys_rst dcm_locked}
    return [dict create pins $pins buses {} spaces {} segments {} open $open]
  }

  proc smartconnect {values} {
    set pins {aclk {I clk} aresetn {I rst}}
    set buses {}
    for {set i 0} {$i < [dict get $values NUM_SI]} {incr i} {
      dict set buses [format S%02d_AXI $i] {Slave any any aclk aresetn}
    }
    for {set i 0} {$i < [dict get $values NUM_MI]} {incr i} {
      dict set buses [format M%02d_AXI $i] {Master any any aclk aresetn}
    }
    return [dict create pins $pins buses $buses spaces {} segments {} open {}]
  }

  # The packaged component that was read last.
  proc component {values} {return $::ips::packaged}

  # Every element of this name, with its content. Searches for tags: a regular expression takes seconds on such files.
  proc elements {xml name} {
    set found {}
    set at 0
    while {[set start [string first <spirit:$name $xml $at]] >= 0} {
      set end [string first > $xml $start]
      set at $end
      # Another name that begins alike, or an element without content.
      if {[string index $xml [expr {$start + [string length <spirit:$name]}]] ni {> " "}} {continue}
      if {[string index $xml $end-1] eq "/"} {continue}
      set at [string first </spirit:$name> $xml $end]
      lappend found [string range $xml $end+1 $at-1]
    }
    return $found
  }

  # Text of the first element of this name.
  proc leaf {xml name} {
    set found [elements $xml $name]
    if {$found eq ""} {error "component.xml has no $name in [string range $xml 0 200]"}
    return [lindex $found 0]
  }

  # Reads component.xml into the catalog.
  proc package {path} {
    variable catalog
    variable packaged
    set file [open $path]
    set xml [read $file]
    close $file
    foreach set [elements $xml fileSet] {
      foreach file [elements $set file] {
        set name [file join [file dirname $path] [leaf $file name]]
        if {![file isfile $name]} {error "component.xml names $name, which does not exist"}
      }
    }
    set pins {}
    foreach port [elements $xml port] {
      dict set pins [leaf $port name] [list [expr {[leaf $port direction] eq "in" ? "I" : "O"}] data]
    }
    set buses {}
    set spaces {}
    set mapped {}
    set clocks {}
    foreach bus [elements $xml busInterface] {
      set name [leaf $bus name]
      set type [expr {[regexp {<spirit:busType [^>]*spirit:name="([^"]*)"} $bus -> type] ? $type : "?"}]
      set values {}
      foreach parameter [elements $bus parameter] {dict set values [leaf $parameter name] [leaf $parameter value]}
      set physical {}
      foreach map [elements $bus portMap] {lappend physical [leaf [lindex [elements $map physicalPort] 0] name]}
      foreach port $physical {if {![dict exists $pins $port]} {error "$name maps $port, which is no port"}}
      switch $type {
        clock {
          dict set pins $physical {I clk}
          foreach associated [split [dict get $values ASSOCIATED_BUSIF] :] {
            dict set clocks $associated [list $physical [dict get $values ASSOCIATED_RESET]]
          }
        }
        reset {
          dict set pins $physical {I rst}
          if {[dict get $values POLARITY] ne "ACTIVE_LOW"} {error "$name is not active low"}
        }
        interrupt {dict set pins $physical {O intr}}
        aximm {
          set mode [expr {[string match *<spirit:master>* $bus] ? "Master" : "Slave"}]
          if {$mode eq "Master" && [dict get $values SUPPORTS_NARROW_BURST] ne 0} {error "$name has narrow bursts"}
          dict set buses $name [list $mode [dict get $values PROTOCOL] [dict get $values DATA_WIDTH]]
          foreach port $physical {dict unset pins $port}
        }
        default {error "$name has the type $type"}
      }
    }
    foreach name [dict keys $buses] {
      if {![dict exists $clocks $name]} {error "no clock is associated with $name"}
      dict set buses $name [concat [dict get $buses $name] [dict get $clocks $name]]
    }
    foreach space [elements $xml addressSpace] {
      dict set spaces [leaf $space name] [expr {int(log([leaf $space range]) / log(2) + 0.5)}]
    }
    set segments {}
    foreach map [elements $xml memoryMap] {
      foreach block [elements $map addressBlock] {
        dict set segments [leaf $map name]/[leaf $block name] [list [leaf $map name] {} [leaf $block range]]
      }
    }
    # What only simulation looks at.
    set open {pass_done_o pass_index_o stall_o}
    set packaged [dict create pins $pins buses $buses spaces $spaces segments $segments open $open]
    dict set catalog [leaf $xml vendor]:[leaf $xml library]:[leaf $xml name]:[leaf $xml version] component
  }
}
