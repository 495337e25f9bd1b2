# What a block design has to fulfil. Every rule answers with the sentences for what breaks it.
namespace eval rules {
  proc broken {design} {
    return [concat [nets $design] [pins $design] [resets $design] [buses $design] [segments $design]]
  }

  # Direction and type of a pin or port, as its net sees them.
  proc end {design name} {
    if {[dict exists $design ports $name]} {
      lassign [dict get $design ports $name] direction type width
      # A port that leaves the design takes a signal.
      return [list [string map {I O O I} $direction] $type $width]
    }
    regexp {^([^/]+)/(.+)$} $name -> cell pin
    if {![dict exists [model::described $cell] pins $pin]} {error "$name is gone: a parameter was changed after it was connected"}
    lassign [dict get [model::described $cell] pins $pin] direction type width
    return [list $direction $type [expr {$width eq "" ? 1 : $width}]]
  }

  # The net of a pin; empty where it is open.
  proc net {design name} {
    foreach net [dict get $design nets] {if {$name in $net} {return $net}}
    return {}
  }

  # One driver each, types and widths that fit.
  proc nets {design} {
    set wrong {}
    foreach net [dict get $design nets] {
      set drivers {}
      set types {}
      set widths {}
      foreach name $net {
        lassign [end $design $name] direction type width
        if {$direction eq "O"} {lappend drivers $name}
        lappend types $type
        lappend widths $width
      }
      if {[llength $drivers] != 1} {lappend wrong "net of [join $net ", "] has [llength $drivers] drivers"}
      if {[llength [lsort -unique $types]] != 1} {lappend wrong "net of [join $net ", "] mixes [lsort -unique $types]"}
      if {[llength [lsort -unique $widths]] != 1} {lappend wrong "net of [join $net ", "] mixes widths"}
    }
    return $wrong
  }

  # No input is open but those that an IP ties itself, and no output but those that may be.
  proc pins {design} {
    set wrong {}
    foreach cell [dict keys [dict get $design cells]] {
      set described [model::described $cell]
      dict for {pin about} [dict get $described pins] {
        lassign $about direction type
        if {[net $design $cell/$pin] ne "" || $pin in [dict get $described open]} {continue}
        if {$direction eq "I" || $type in {intr data}} {lappend wrong "$cell/$pin is open"}
        if {$direction eq "O" && $type eq "clk"} {lappend wrong "$cell/$pin is open"}
      }
      dict for {bus about} [dict get $described buses] {
        set linked 0
        foreach link [dict get $design links] {if {"$cell/$bus" in $link} {set linked 1}}
        if {!$linked} {lappend wrong "$cell/$bus is open"}
      }
    }
    dict for {port about} [dict get $design ports] {
      if {[lindex $about 0] ne "IO" && [net $design $port] eq ""} {lappend wrong "port $port is open"}
    }
    return $wrong
  }

  # A reset of an AXI interface comes from a synchronizer on the clock of the interface; the processor's own reset, which
  # is asynchronous, reaches nothing but synchronizers.
  proc resets {design} {
    set wrong {}
    foreach cell [dict keys [dict get $design cells]] {
      dict for {bus about} [dict get [model::described $cell] buses] {
        lassign $about mode protocol bits clock reset
        if {$reset eq ""} {continue}
        set driver ""
        foreach name [net $design $cell/$reset] {
          if {[lindex [end $design $name] 0] eq "O"} {set driver $name}
        }
        set source [lindex [split $driver /] 0]
        if {$driver eq "" || [lindex [dict get $design cells $source] 0] ne "proc_sys_reset"} {
          lappend wrong "$cell/$reset is not driven by a synchronizer"
        } elseif {[net $design $source/slowest_sync_clk] ne [net $design $cell/$clock]} {
          lappend wrong "$cell/$reset is in step with another clock than $cell/$clock"
        } elseif {![string match *aresetn $driver]} {
          lappend wrong "$cell/$reset is active low, $driver is not"
        }
      }
    }
    return $wrong
  }

  # Master to slave, on one clock that is driven, protocols that fit without a converter or with one.
  proc buses {design} {
    set wrong {}
    foreach link [dict get $design links] {
      set modes {}
      set clocks {}
      set formats {}
      foreach name $link {
        regexp {^([^/]+)/(.+)$} $name -> cell bus
        if {![dict exists [model::described $cell] buses $bus]} {
          error "$name is gone: a parameter was changed after it was connected"
        }
        lassign [dict get [model::described $cell] buses $bus] mode protocol bits clock
        lappend modes $mode
        lappend clocks [net $design $cell/$clock]
        if {$protocol ne "any"} {lappend formats $protocol/$bits}
        if {[net $design $cell/$clock] eq ""} {lappend wrong "$name has no clock"}
      }
      if {[lsort $modes] ne "Master Slave"} {lappend wrong "[join $link " and "] are both [lindex $modes 0]"}
      if {[lindex $clocks 0] ne [lindex $clocks 1]} {lappend wrong "[join $link " and "] have different clocks"}
      # Between two that are no interconnect nothing converts.
      if {[llength [lsort -unique $formats]] > 1} {lappend wrong "[join $link " and "] are $formats"}
    }
    return $wrong
  }

  # The segments that a master reaches: over interconnects to slaves.
  proc reached {design name} {
    set found {}
    foreach link [dict get $design links] {
      if {$name ni $link} {continue}
      set other [expr {[lindex $link 0] eq $name ? [lindex $link 1] : [lindex $link 0]}]
      regexp {^([^/]+)/(.+)$} $other -> cell bus
      if {[lindex [dict get $design cells $cell] 0] eq "smartconnect"} {
        foreach next [dict keys [dict get [model::described $cell] buses]] {
          if {[string match M* $next]} {lappend found {*}[reached $design $cell/$next]}
        }
      } else {
        dict for {segment about} [dict get [model::described $cell] segments] {
          if {[lindex $about 0] eq $bus} {lappend found $cell/$segment}
        }
      }
    }
    return $found
  }

  # Everything that a master reaches is mapped once, where the segment is, or excluded; nothing else is; no overlap.
  proc segments {design} {
    set wrong {}
    foreach cell [dict keys [dict get $design cells]] {
      set described [model::described $cell]
      dict for {space width} [dict get $described spaces] {
        # The processor has one space for all of its ports.
        set masters [expr {$space eq "Data" ? [dict keys [dict filter [dict get $described buses] value Master*]] : $space}]
        set reached {}
        foreach master $masters {lappend reached {*}[reached $design $cell/$master]}
        set placed {}
        foreach mapping [dict get $design mapped] {
          lassign $mapping in segment base bytes
          if {$in ne "$cell/$space"} {continue}
          if {$segment ni $reached} {lappend wrong "$cell/$space does not reach $segment"; continue}
          regexp {^([^/]+)/(.+)$} $segment -> slave below
          lassign [dict get [model::described $slave] segments $below] bus start most
          if {$bytes <= 0 || ($bytes & ($bytes - 1)) || $base % $bytes} {lappend wrong "$segment: $bytes bytes at $base"}
          if {$bytes > $most || ($start eq "" && $bytes != $most)} {lappend wrong "$segment has $most bytes, not $bytes"}
          if {$start ne "" && $base != $start} {lappend wrong "$segment begins at $start, not $base"}
          if {$base + $bytes > (1 << $width)} {lappend wrong "$segment does not fit into $width bits"}
          foreach other $placed {
            lassign $other name from to
            if {$base < $to && $from < $base + $bytes} {lappend wrong "$segment overlaps $name"}
            if {$name eq $segment} {lappend wrong "$segment is mapped twice"}
          }
          lappend placed [list $segment $base [expr {$base + $bytes}]]
        }
        set names [lmap entry $placed {lindex $entry 0}]
        foreach exclusion [dict get $design excluded] {
          if {[lindex $exclusion 0] eq "$cell/$space"} {lappend names [lindex $exclusion 1]}
        }
        foreach segment $reached {
          if {$segment ni $names} {lappend wrong "\[BD 41-1356\] $segment is neither mapped nor excluded in $cell/$space"}
        }
        if {[llength $placed] == 0} {lappend wrong "$cell/$space has no segment"}
      }
    }
    return $wrong
  }
}
