"""What of a DSP slice lies before its first register, by input."""

import collections

from netlist import DSP

# Levels that a unit of the slice stands for.
PRE_ADDER, MULTIPLIER, ADDER = 2, 4, 2


def number(parameters, name, default):
    """A parameter, which yosys writes as binary digits, or as text."""
    value = parameters.get(name, default)
    if isinstance(value, str) and set(value) <= {"0", "1"} and value:
        return int(value, 2)
    return value


def levels_inside(parameters, port):
    """Levels from an input to the first register behind it; 0 for what is registered, and for cascades and control."""
    register = lambda name: number(parameters, name, 1) != 0
    pre_adder = number(parameters, "USE_DPORT", "FALSE") == "TRUE" or not register("DREG") and register("ADREG")
    behind_multiplier = 0 if register("MREG") else ADDER
    if port in ("A", "D"):
        if register(port + "REG"):
            return 0
        if pre_adder:
            return PRE_ADDER if register("ADREG") else PRE_ADDER + MULTIPLIER + behind_multiplier
        return MULTIPLIER + behind_multiplier if port == "A" else 0
    if port == "B":
        return 0 if register("BREG") else MULTIPLIER + behind_multiplier
    if port == "C":
        return 0 if register("CREG") else ADDER
    return 0


def print_inputs(flat):
    """DSP slices by the inputs that have no register, with the levels that count for them."""
    kinds = collections.Counter()
    for kind, pins, _, _, parameters in flat.cells:
        if kind not in DSP:
            continue
        inputs = [(port, levels_inside(parameters, port)) for port in "ABCD"
                  if any(net is not None for net in pins.get(port, []))]
        kinds[", ".join(f"{port} {levels} levels" for port, levels in inputs if levels)] += 1
    for inputs, count in kinds.most_common():
        print(f"{count} DSP slices with " + (f"inputs without a register of their own: {inputs}" if inputs
                                             else "a register at every input"))
