# Kria KV260, xck26-sfvc784-2LV-c. Made of the table in src/compile/boards/board.rs.
#
# No clock is created here: the processor's IP constrains pl_clk0, which clocks everything. There is one clock, so no
# path between registers is false; the reset's synchronizer brings its own exception, and the interrupt ends in
# the processor, which takes it as asynchronous.

# the fan: a timer of the processor sets its speed by pulses.
set_property PACKAGE_PIN A12 [get_ports fan_en_b]
set_property IOSTANDARD LVCMOS33 [get_ports fan_en_b]
# It changes some thousand times a second: slow and weak edges disturb nothing.
set_property SLEW SLOW [get_ports fan_en_b]
set_property DRIVE 4 [get_ports fan_en_b]
# For the same reason nobody cares when in a cycle it arrives.
set_false_path -to [get_ports fan_en_b]

# A design that fills half of the part loads in half of the time.
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
# The fabric switches itself off before heat damages it.
set_property BITSTREAM.CONFIG.OVERTEMPSHUTDOWN ENABLE [current_design]
