"""Nets with many loads, and control that comes out of a shift register."""

import collections

LARGE = 500
SHIFT_REGISTERS = ("SRL16E", "SRLC32E")
CLOCKS = ("C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK")


def nets(flat):
    """Loads and driver of every net; a net that leaves a module is the one inside."""
    inside = dict(flat.aliases)

    def root(net):
        while net in inside:
            net = inside[net]
        return net

    loads, driver = collections.Counter(), {}
    for kind, pins, directions, _, _ in flat.cells:
        for port, bits in pins.items():
            for net in bits:
                if net is None:
                    continue
                if directions.get(port) == "output":
                    driver[root(net)] = kind
                elif port not in CLOCKS:
                    loads[root(net)] += 1
    return loads, driver


def print_nets(flat):
    loads, driver = nets(flat)
    large = [(net, count) for net, count in loads.most_common() if count > LARGE]
    print(f"nets with more than {LARGE} loads: {len(large)}; more than 1000: "
          f"{sum(count > 1000 for _, count in large)}")
    for net, count in large[:10]:
        print(f"      {count:5} loads of {driver.get(net, 'port')} {flat.name(net)}")
    shifted = [(net, count) for net, count in loads.most_common()
               if driver.get(net) in SHIFT_REGISTERS and count > 16]
    print(f"nets with more than 16 loads that a shift register drives: {len(shifted)}")
    for net, count in shifted[:5]:
        print(f"      {count:5} loads of {driver[net]} {flat.name(net)}")
