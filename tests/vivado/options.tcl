# Definitions of commands: options with and without a value, how many objects.
namespace eval model {
  # Name to the options that it knows: each `flag` or `value`.
  variable commands [dict create]

  # `body` sees the options in the array `option` and the objects in the list `objects`.
  proc command {name options least most body} {
    variable commands
    # Every command has these two.
    dict set options -quiet flag
    dict set options -verbose flag
    dict set commands $name [dict create options $options least $least most $most]
    proc run_$name {objects named} "variable design; variable found; array set option \$named; $body"
    interp alias {} ::$name {} model::call $name
  }

  proc call {name args} {
    variable commands
    set definition [dict get $commands $name]
    set options [dict get $definition options]
    set named {}
    set objects {}
    while {[llength $args] > 0} {
      set args [lassign $args word]
      # A negative number is an object.
      if {![regexp {^-[A-Za-z]} $word]} {lappend objects $word; continue}
      if {![dict exists $options $word]} {error "$name has no option $word"}
      if {[dict exists $named $word]} {error "$name: $word is given twice"}
      if {[dict get $options $word] eq "flag"} {dict set named $word 1; continue}
      if {[llength $args] == 0} {error "$name: $word has no value"}
      set args [lassign $args value]
      dict set named $word $value
    }
    set least [dict get $definition least]
    set most [dict get $definition most]
    if {[llength $objects] < $least} {error "$name takes at least $least objects, not [llength $objects]"}
    if {[llength $objects] > $most} {error "$name takes at most $most objects, not [llength $objects]: $objects"}
    return [run_$name $objects $named]
  }
}
