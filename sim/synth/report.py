#!/usr/bin/env python3
"""Resources and logic levels of a design that yosys mapped to Xilinx primitives (`write_json`).

    report.py NETLIST.json [--target TARGET.json] [--rtl FOLDER] [--paths N] [--limit LEVELS] [--json FILE]

Resources: every instance of every module counts. LUT is what a slice needs: logic, distributed RAM and shift
registers; a RAMB18 is half a RAMB36. With --rtl, the flattened top is shared out to the modules that `seigo_core.v`
contains: a cell belongs to the instance that its source names, a LUT to the first register, RAM or carry chain that
it leads to.

Levels: the longest path between two of flip-flop, block RAM, UltraRAM, DSP slice and port, over the whole
hierarchy. A LUT is one level, and so is the read of a distributed RAM or of a shift register. A carry chain is one
level however long it is, behind the LUTs that feed it, so that an adder has two. MUXF7 and MUXF8 lie in the slice of
their LUTs and count nothing. LUTs in a row that have six inputs together are one level: yosys leaves such rows where
they do not lengthen its own longest path; "as mapped" counts each of them. A DSP slice begins and ends paths; an
input without a register of its own goes on through the slice to the first one: 2 levels for the pre-adder, 4 for the
multiplier, 2 for the adder behind it. Such inputs are listed, and so are nets with more than 500 loads and nets with
more than 16 that come out of a shift register, which is slower than a flip-flop and cannot be replicated.

Exit status 1: a path has more levels than --limit, or the netlist has a combinational loop.
"""

import argparse

from levels import print_levels
from netlist import Netlist
from resources import print_resources, write_json


def main():
    options = argparse.ArgumentParser()
    options.add_argument("netlist")
    options.add_argument("--target")
    options.add_argument("--rtl")
    options.add_argument("--paths", type=int, default=5)
    options.add_argument("--limit", type=int)
    options.add_argument("--json")
    options = options.parse_args()
    netlist = Netlist(options.netlist)
    print_resources(netlist, options)
    if options.json:
        write_json(netlist, options.json)
    print_levels(netlist, options)


main()
