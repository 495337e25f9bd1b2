"""Logic levels between two of flip-flop, block RAM, UltraRAM, DSP slice and port."""

import collections
import re
import sys

import dsp
import fanout
from netlist import CARRIES, DSP, LUT_MEMORY, MUXES, Flat, lut_size


def read_addresses(kind, pins):
    """Output pins of a distributed RAM or shift register and the address pins that choose them."""
    if kind in ("SRL16E", "SRLC32E"):
        address = pins.get("A", []) + [n for i in range(4) for n in pins.get(f"A{i}", [])]
        return [("Q", address)]
    if kind.endswith("D"):
        read = pins.get("DPRA", []) + [n for i in range(7) for n in pins.get(f"DPRA{i}", [])]
        write = pins.get("A", []) + [n for i in range(7) for n in pins.get(f"A{i}", [])]
        return [("DPO", read), ("SPO", write)]
    if kind.endswith("S"):
        return [("O", pins.get("A", []) + [n for i in range(9) for n in pins.get(f"A{i}", [])])]
    return [(f"DO{letter}", pins.get(f"ADDR{letter}", [])) for letter in "ABCDEFGH" if f"DO{letter}" in pins]


class Timing:
    """Levels of every net: `level` counts LUT levels, `cause` is the input net that decided."""

    def __init__(self, flat, joined=True):
        self.flat = flat
        self.joined = joined
        self.leaves = {}
        self.level, self.cause, self.driver = {}, {}, {}
        self.ends = []          # (net, what ends there)
        self.starts = {}        # net: what begins there
        self.arcs = {}          # output net: list of (input net, weight, kind)
        for kind, pins, directions, path, parameters in flat.cells:
            self.cell(kind, pins, directions, path, parameters)
        for net, drives in flat.aliases:
            self.arc(net, [drives], 0, "alias")
        self.ends += [(net, "port " + flat.name(net)) for net in flat.outputs]
        self.propagate()

    def arc(self, out, inputs, weight, kind):
        if out is not None:
            self.driver[out] = kind
            self.arcs.setdefault(out, []).extend((net, weight, kind) for net in inputs if net is not None)

    def cell(self, kind, pins, directions, path, parameters):
        outs = [port for port, way in directions.items() if way == "output" and port in pins]
        ins = [port for port, way in directions.items() if way == "input" and port in pins]
        label = f"{kind} {path}"
        named = next((n for port in outs for n in pins[port] if n is not None), None)
        if named is not None:
            label = f"{kind} {self.flat.name(named)}"
        if lut_size(kind) or kind in MUXES:
            for out in outs:
                for net in pins[out]:
                    self.arc(net, [n for port in ins for n in pins[port]], 0 if kind in MUXES else 1, kind)
        elif kind in CARRIES:
            self.carry(pins, kind)
        else:
            combinational = set()
            if kind in LUT_MEMORY:
                for port, address in read_addresses(kind, pins):
                    combinational.update(n for n in address if n is not None)
                    for net in pins.get(port, []):
                        self.arc(net, address, 1, kind)
            for port in outs:
                for net in pins[port]:
                    if net is not None:
                        self.starts[net] = label
            for port in ins:
                if port in ("C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK"):
                    continue
                inside = dsp.levels_inside(parameters, port) if kind in DSP else 0
                for net in pins[port]:
                    if net is not None and inside:
                        # The levels inside of the slice, as an arc to a net of its own.
                        end = (net, port, path, label)
                        self.arc(end, [net], inside, kind)
                        self.ends.append((end, f"{label} {port}"))
                    elif net is not None:
                        self.ends.append((net, f"{label} {port}"))

    def carry(self, pins, kind):
        width = len(pins["S"])
        chain = [n for port in ("CI", "CYINIT", "CI_TOP") for n in pins.get(port, [])]
        for i in range(width):
            fed = pins["S"][:i + 1] + pins["DI"][:i + 1]
            for port in ("O", "CO"):
                if port in pins and i < len(pins[port]):
                    # The sum's own S counts, DI of its own bit only for the carry; one level either way.
                    self.arc(pins[port][i], fed, 1, kind)
                    self.arc(pins[port][i], chain, "chain", kind)

    def propagate(self):
        order, state = [], {}
        for root in list(self.arcs):
            if root in state:
                continue
            stack = [(root, iter(self.arcs[root]))]
            state[root] = 1
            while stack:
                node, inputs = stack[-1]
                for net, _, _ in inputs:
                    if net not in self.arcs or state.get(net) == 2:
                        continue
                    if state.get(net) == 1:
                        raise SystemExit(f"report.py: a combinational loop through {self.flat.name(net)}")
                    state[net] = 1
                    stack.append((net, iter(self.arcs[net])))
                    break
                else:
                    state[node] = 2
                    order.append(node)
                    stack.pop()
        for out in order:
            best, cause = (1 if out in self.starts else 0), None
            arcs = self.arcs[out]
            if self.joined and lut_size(self.driver[out]):
                self.leaves[out] = self.join({net for net, _, _ in arcs})
                arcs = [(net, 1, None) for net in self.leaves[out]]
            for net, weight, _ in arcs:
                if weight == "chain":
                    weight = 0 if self.driver.get(net) in CARRIES else 1
                level = self.level.get(net, 0) + weight
                if level > best or cause is None and level == best:
                    best, cause = level, net
            self.level[out], self.cause[out] = best, cause

    def join(self, leaves):
        """Inputs of a LUT with the LUTs that decide its level taken in, as long as six inputs are enough."""
        while True:
            top = max((self.level.get(net, 0) for net in leaves), default=0)
            critical = {net for net in leaves if self.level.get(net, 0) == top}
            if top == 0 or any(net not in self.leaves for net in critical):
                return leaves
            wider = set().union(leaves - critical, *(self.leaves[net] for net in critical))
            if len(wider) > 6:
                return leaves
            leaves = wider

    def path(self, net):
        """Nets of the longest path to a net, its start first."""
        nets = []
        while net is not None:
            nets.append(net)
            net = self.cause.get(net)
        return nets[::-1]


def without_index(name):
    return re.sub(r"\[\d+\]", "", name)


def print_levels(netlist, options):
    flat = Flat(netlist)
    dsp.print_inputs(flat)
    fanout.print_nets(flat)
    mapped = Timing(flat, joined=False)
    timing = Timing(flat)
    worst, histogram = {}, collections.Counter()
    for net, what in timing.ends:
        level = timing.level.get(net, 0)
        histogram[level] += 1
        if level <= 4:
            continue
        begin = timing.path(net)[0]
        key = (without_index(timing.starts.get(begin, "port " + flat.name(begin))), without_index(what))
        if level > worst.get(key, (0, 0))[0]:
            worst[key] = (level, net)
    deepest = max(histogram)
    print(f"levels: {deepest} at most; as mapped {max(mapped.level.get(net, 0) for net, _ in mapped.ends)}")
    print("ends of paths by levels: " + ", ".join(f"{level}: {count}" for level, count in sorted(histogram.items())))
    for (begin, end), (level, net) in sorted(worst.items(), key=lambda item: -item[1][0])[:options.paths]:
        print(f"{level} levels: {begin} -> {end}")
        for step in timing.path(net)[1:]:
            print(f"      {timing.driver[step]:8} {flat.name(step)}")
    if options.limit is not None and deepest > options.limit:
        print(f"report.py: {deepest} levels are more than {options.limit}")
        sys.exit(1)
