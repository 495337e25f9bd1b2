# Runs a script for Vivado in a model of it; see README.md.
set home [file dirname [file normalize [info script]]]
namespace eval model {
  # What the tool would find, see README.md.
  variable found [dict create slack 0.123 hold 0.011 critical 0 drc 0 methodology 0 blackbox 0 unclocked 0 unrouted 0 \
    lut 20500 dsp 200 uram 0 boards 1 version 2023.2]
}
foreach part {options ips design rules flow} {source [file join $home $part.tcl]}

while {[lindex $argv 0] eq "-with"} {
  lassign [split [lindex $argv 1] =] name value
  if {![dict exists $model::found $name]} {puts stderr "model: nothing is called $name"; exit 2}
  dict set model::found $name $value
  set argv [lrange $argv 2 end]
}
if {[llength $argv] == 0} {puts stderr "usage: vivado.tcl \[-with NAME=VALUE\]... SCRIPT \[ARGUMENT\]..."; exit 2}
set script [file normalize [lindex $argv 0]]
set argv [lrange $argv 1 end]
set argc [llength $argv]

# A script that redefines a command of Vivado would hide it from every later line.
rename proc model::tcl_proc
model::tcl_proc proc {name arguments body} {
  if {[dict exists $model::commands [string trimleft $name :]]} {error "model: $name is a command of Vivado"}
  uplevel 1 [list model::tcl_proc $name $arguments $body]
}

if {[catch {uplevel #0 [list source $script]} message details]} {
  puts stderr "model: [lindex [split [dict get $details -errorinfo] \n] 0]"
  # Where it was: lines of scripts.
  foreach line [regexp -all -inline {file "[^"]*" line [0-9]+} [dict get $details -errorinfo]] {puts stderr "  $line"}
  exit 1
}
puts [model::summary]
