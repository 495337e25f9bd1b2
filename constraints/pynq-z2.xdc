# PYNQ-Z2, xc7z020clg400-1. Made of the table in src/compile/boards/board.rs.
#
# No clock is created here: the processor's IP constrains FCLK_CLK0, which clocks everything. There is one clock, so no
# path between registers is false; the reset's synchronizer brings its own exception, and the interrupt ends in
# the processor, which takes it as asynchronous.

# A design that fills half of the part loads in half of the time.
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
# The fabric switches itself off before heat damages it.
set_property BITSTREAM.CONFIG.OVERTEMPPOWERDOWN ENABLE [current_design]
