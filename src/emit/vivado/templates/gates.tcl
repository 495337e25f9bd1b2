# What a design must pass before there is a bitstream, and the verdict.
namespace eval gates {
  # Gates that failed, each in a sentence, and the figures for the verdict.
  variable failures {}
  variable figures [dict create]
}

# Notes a gate: `passed` or the sentence.
proc gates::check {name passed sentence} {
  variable failures
  if {$passed} {
    puts "seigo: gate $name passed"
  } else {
    puts "seigo: gate $name FAILED: $sentence"
    lappend failures "$name: $sentence"
  }
}

# A cell without a content would be left out without a word.
proc gates::black_boxes {} {
  set boxes [get_cells -quiet -hierarchical -filter {IS_BLACKBOX == 1}]
  gates::check black_boxes [expr {[llength $boxes] == 0}] "cells without a content: $boxes"
}

# The number in column "Used" of a row of report_utilization, 0 without such a row (a part without UltraRAM has none).
proc gates::used {report row} {
  # Names have a footnote mark in some versions: "CLB LUTs*".
  if {[regexp -line "^\\|\\s*$row\\*?\\s*\\|\\s*(\[0-9.\]+)\\s*\\|" $report -> used]} {return $used}
  return 0
}

# Against what the part has, by settings.tcl. UltraScale+ calls a slice CLB.
proc gates::budget {stage} {
  variable figures
  set report [report_utilization -return_string]
  foreach {name row} {
    lut {(?:CLB|Slice) LUTs} ff {(?:CLB|Slice) Registers} dsp {DSPs} bram36 {Block RAM Tile} uram {URAM}
  } {
    set used [gates::used $report $row]
    dict set figures $name $used
    set limit [dict get [seigo::setting budget] $name]
    gates::check budget_${name}_$stage [expr {$used <= $limit}] "$used of $limit"
  }
  # A report of another form would read as a design of nothing.
  gates::check counted_$stage [expr {[dict get $figures lut] > 0}] "no row of look-up tables in report_utilization"
}

# Worst slack in ns; a design without a timed path has none, which is a failure of its own.
proc gates::slack {kind} {
  set paths [expr {$kind eq "hold" ? [get_timing_paths -quiet -hold] : [get_timing_paths -quiet -setup]}]
  if {[llength $paths] == 0} {return -1000.0}
  return [get_property SLACK [lindex $paths 0]]
}

proc gates::timing {} {
  variable figures
  foreach kind {setup hold} {
    set slack [gates::slack $kind]
    dict set figures ${kind}_slack_ns $slack
    gates::check timing_$kind [expr {$slack >= 0}] "worst slack is $slack ns"
  }
  # Pulse widths and everything else that the summary judges.
  set summary [report_timing_summary -no_header -return_string]
  gates::check timing_summary [expr {![string match *VIOLATED* $summary]}] "timing.rpt has violations"
  # A register without a clock has no slack that could be negative.
  set clocks [check_timing -override_defaults no_clock -no_header -return_string]
  set unclocked [expr {[regexp {There are ([0-9]+) register/latch pins with no clock} $clocks -> count] && $count > 0}]
  gates::check timing_clocks [expr {!$unclocked}] "registers without a clock: $clocks"
}

proc gates::routing {} {
  set status [report_route_status -return_string]
  set errors 0
  regexp {nets with routing errors[. ]*:\s*([0-9]+)} $status -> errors
  gates::check routing [expr {$errors == 0}] "$errors nets with routing errors, see route.rpt"
}

proc gates::design_rules {} {
  report_drc -name seigo_drc -file drc.rpt
  set found [get_drc_violations -quiet -name seigo_drc -filter {SEVERITY == "Error" || SEVERITY == "Critical Warning"}]
  gates::check design_rules [expr {[llength $found] == 0}] "$found, see drc.rpt"
}

proc gates::methodology {} {
  report_methodology -name seigo_methodology -file methodology.rpt
  set found [get_methodology_violations -quiet -name seigo_methodology -filter {SEVERITY == "Critical Warning"}]
  gates::check methodology [expr {[llength $found] == 0}] "$found, see methodology.rpt"
}

# What Vivado itself calls critical, in any step.
proc gates::critical_warnings {} {
  set count [get_msg_config -severity {CRITICAL WARNING} -count]
  gates::check critical_warnings [expr {$count == 0}] "$count critical warnings, see the log"
}

proc gates::stop_if_failed {} {
  variable failures
  if {[llength $failures] == 0} {return}
  gates::write_verdict false
  error "seigo: no bitstream: [join $failures "; "]"
}

proc gates::pass {} {
  gates::write_verdict true
  gates::write_resources
  puts "seigo: passed, results in [pwd]"
}

# A text in JSON.
proc gates::quoted {text} {
  return "\"[string map [list \\ \\\\ \" \\\" \n \\n \t \\t] $text]\""
}

proc gates::write_verdict {passed} {
  variable failures
  variable figures
  set words {}
  foreach failure $failures {lappend words [gates::quoted $failure]}
  set lines [list \
    "\"format\": \"seigo-vivado-verdict\"" "\"version\": 1" \
    "\"tool\": [gates::quoted "Vivado [version -short]"]" \
    "\"target\": [gates::quoted [seigo::setting target]]" "\"model\": [gates::quoted [seigo::setting model]]" \
    "\"passed\": $passed" "\"failures\": \[[join $words ", "]\]" "\"clock_mhz\": [seigo::clock]"]
  dict for {name value} $figures {lappend lines "\"$name\": $value"}
  # What no gate here looks at, so that nobody reads more into a pass than it says.
  lappend lines "\"not_covered\": \[\"function on the board\", \"power\", \"temperature\"\]"
  gates::write verdict.json $lines
}

# The form that `seigo report --resources` reads.
proc gates::write_resources {} {
  variable figures
  set lines [list "\"format\": \"seigo-resources\"" "\"version\": 1" \
    "\"tool\": [gates::quoted "Vivado [version -short]"]" "\"estimate\": false"]
  foreach name {lut ff dsp bram36 uram} {lappend lines "\"$name\": [dict get $figures $name]"}
  # The clock at which the worst path would just be in time.
  set period [expr {1000.0 / [seigo::clock]}]
  set fmax [expr {1000.0 / ($period - [dict get $figures setup_slack_ns])}]
  lappend lines "\"fmax_mhz\": [format %.1f $fmax]"
  gates::write resources.json $lines
}

proc gates::write {name lines} {
  set file [open $name w]
  puts $file "{\n  [join $lines ",\n  "]\n}"
  close $file
}

# MHz of the clock: what the processor's PLL gives, which is not always what was asked for.
proc seigo::clock {} {
  if {[info exists ::actual_mhz]} {return $::actual_mhz}
  return [seigo::setting clock_mhz]
}
