#!/usr/bin/env python3
"""Resources and logic levels of a design that yosys mapped to Xilinx primitives (`write_json`).

    report.py NETLIST.json [--target TARGET.json] [--rtl FOLDER] [--paths N] [--limit LEVELS] [--json FILE]

Resources: every instance of every module counts. LUT is what a slice needs: logic, distributed RAM and shift
registers; a RAMB18 is half a RAMB36. With --rtl, the flattened top is shared out to the modules that `seigo.v`
contains: a cell belongs to the instance that its source names, a LUT to the first register, RAM or carry chain that
it leads to.

Levels: the longest path between two of flip-flop, block RAM, UltraRAM, DSP slice and port, over the whole
hierarchy. A LUT is one level, and so is the read of a distributed RAM or of a shift register. A carry chain is one
level however long it is, behind the LUTs that feed it, so that an adder has two. MUXF7 and MUXF8 lie in the slice of
their LUTs and count nothing. LUTs in a row that have six inputs together are one level: yosys leaves such rows where
they do not lengthen its own longest path; "as mapped" counts each of them. A DSP slice begins and ends paths even
where yosys left its registers outside.

Exit status 1: a path has more levels than --limit, or the netlist has a combinational loop.
"""

import argparse
import collections
import json
import re
import sys

FLIP_FLOPS = {"FDRE", "FDSE", "FDCE", "FDPE"}
# LUTs that a primitive occupies besides LUT1 to LUT6; what a slice offers.
LUT_MEMORY = {
    "RAM32X1S": 1, "RAM64X1S": 1, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1S": 2, "RAM128X1D": 4, "RAM256X1S": 4,
    "RAM256X1D": 8, "RAM512X1S": 8, "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "SRL16E": 1,
    "SRLC32E": 1,
}
BLOCK = {"RAMB36E1": 1.0, "RAMB36E2": 1.0, "RAMB18E1": 0.5, "RAMB18E2": 0.5}
ULTRA = {"URAM288": 1}
DSP = {"DSP48E1": 1, "DSP48E2": 1}
MUXES = {"MUXF7", "MUXF8", "MUXF9"}
CARRIES = {"CARRY4", "CARRY8"}


def lut_size(kind):
    """Inputs of a LUT, or 0; yosys writes an inverter of its own as INV."""
    if kind == "INV":
        return 1
    match = re.fullmatch(r"LUT([1-6])", kind)
    return int(match.group(1)) if match else 0


def module_name(name):
    """The name in the source: yosys puts the parameters around it."""
    if name.startswith("$paramod"):
        parts = name.split("\\")
        return parts[1]
    return name


# What the parts have, by their data sheets; a target may plan with more block RAM than its part.
PARTS = {
    "xck26-sfvc784-2LV-c": {"lut": 117120, "ff": 234240, "dsp": 1248, "bram": 144, "uram": 64},
    "xc7z020clg400-1": {"lut": 53200, "ff": 106400, "dsp": 220, "bram": 140, "uram": 0},
}


class Resources(collections.Counter):
    """Counts of one module or of a tree of them."""

    def cell(self, kind):
        if lut_size(kind):
            # yosys counts an inverter as a cell; it becomes part of what it feeds.
            self["logic"] += kind != "INV"
        elif kind in FLIP_FLOPS:
            self["ff"] += 1
        elif kind in LUT_MEMORY:
            self["lutram"] += LUT_MEMORY[kind]
        elif kind in BLOCK:
            self["bram"] += BLOCK[kind]
        elif kind in ULTRA:
            self["uram"] += 1
        elif kind in DSP:
            self["dsp"] += 1
        elif kind in CARRIES:
            self["carry"] += 1
        elif kind in MUXES:
            self["mux"] += 1
        else:
            raise SystemExit(f"report.py: a cell of unknown kind {kind}")


class Netlist:
    """The modules of the design without the primitives."""

    def __init__(self, path):
        with open(path) as file:
            netlist = json.load(file)
        self.tool = netlist["creator"].split(" (")[0]
        modules = netlist["modules"]
        primitive = lambda m: any(int(m["attributes"].get(a, "0"), 2) for a in ("blackbox", "whitebox"))
        self.modules = {name: m for name, m in modules.items() if not primitive(m)}
        used = {cell["type"] for m in self.modules.values() for cell in m["cells"].values()}
        tops = [name for name in self.modules if name not in used]
        if len(tops) != 1:
            raise SystemExit(f"report.py: {len(tops)} top modules in {path}: {' '.join(tops)}")
        self.top = tops[0]

    def totals(self):
        """Resources of each module with what it contains, and how often it is there."""
        total, instances = {}, collections.Counter()

        def visit(name):
            if name not in total:
                total[name] = Resources()
                for cell in self.modules[name]["cells"].values():
                    if cell["type"] in self.modules:
                        total[name].update(visit(cell["type"]))
                    else:
                        total[name].cell(cell["type"])
            return total[name]

        def count(name):
            instances[name] += 1
            for cell in self.modules[name]["cells"].values():
                if cell["type"] in self.modules:
                    count(cell["type"])

        visit(self.top)
        count(self.top)
        return total, instances


class Flat:
    """The primitives of all instances on global nets; constants are net None."""

    def __init__(self, netlist):
        self.names = {}
        self.cells = []
        self.aliases = []       # (net, net that drives it): outputs of a module that are one net inside
        self.count = 0
        self.netlist = netlist
        module = netlist.modules[netlist.top]
        ports = {bit: self.new() for port in module["ports"].values() for bit in port["bits"] if isinstance(bit, int)}
        self.outputs = [ports[bit] for port in module["ports"].values() if port["direction"] == "output"
                        for bit in port["bits"] if isinstance(bit, int)]
        self.expand(netlist.top, "", ports)

    def new(self):
        self.count += 1
        return self.count

    def expand(self, name, path, nets):
        module = self.netlist.modules[name]

        def net(bit):
            if not isinstance(bit, int):
                return None
            if bit not in nets:
                nets[bit] = self.new()
            return nets[bit]

        for net_name, entry in module["netnames"].items():
            hidden = entry.get("hide_name", 0)
            for index, bit in enumerate(entry["bits"]):
                if isinstance(bit, int):
                    number = net(bit)
                    suffix = f"[{index}]" if len(entry["bits"]) > 1 else ""
                    old = self.names.get(number)
                    if old is None or (old[0] and not hidden):
                        self.names[number] = (hidden, path + net_name + suffix)
        for cell_name, cell in module["cells"].items():
            kind = cell["type"]
            connections = cell["connections"]
            if kind in self.netlist.modules:
                inner = {}
                entries = self.netlist.modules[kind]["ports"].items()
                for port, entry in sorted(entries, key=lambda item: item[1]["direction"] != "input"):
                    for outside, inside in zip(connections.get(port, []), entry["bits"]):
                        if not isinstance(inside, int):
                            continue
                        # A constant at a port has no driver: the net begins no path.
                        number = net(outside) if isinstance(outside, int) else self.new()
                        if inside in inner:
                            self.aliases.append((number, inner[inside]))
                        else:
                            inner[inside] = number
                self.expand(kind, f"{path}{cell_name}.", inner)
            else:
                pins = {port: [net(bit) for bit in bits] for port, bits in connections.items()}
                self.cells.append((kind, pins, cell["port_directions"], path))

    def name(self, net):
        return self.names.get(net, (1, f"net {net}"))[1]


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
        for kind, pins, directions, path in flat.cells:
            self.cell(kind, pins, directions, path)
        for net, drives in flat.aliases:
            self.arc(net, [drives], 0, "alias")
        self.ends += [(net, "port " + flat.name(net)) for net in flat.outputs]
        self.propagate()

    def arc(self, out, inputs, weight, kind):
        if out is not None:
            self.driver[out] = kind
            self.arcs.setdefault(out, []).extend((net, weight, kind) for net in inputs if net is not None)

    def cell(self, kind, pins, directions, path):
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
                self.ends += [(net, f"{label} {port}") for net in pins[port] if net is not None]

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


class Blocks:
    """Shares the cells of the flattened top out to the modules that seigo.v contains."""

    def __init__(self, netlist, total, rtl):
        # Instances by line and by name; where parameters take lines of their own, the line is that of the name.
        self.instances, self.names = {}, {}
        with open(f"{rtl}/seigo.v") as file:
            module = None
            for number, line in enumerate(file, 1):
                match = re.match(r"\s*(\w+) #\(", line)
                module = match.group(1) if match else module
                match = re.match(r"\s*(?:(\w+) (?:#\(.*\) )?|\) )(i_\w+) \(", line)
                if match:
                    self.instances[number] = self.names[match.group(2)] = match.group(1) or module
        self.cells = netlist.modules[netlist.top]["cells"]
        self.resources = collections.defaultdict(Resources)
        self.sinks = collections.defaultdict(list)
        self.known = {}
        for name, cell in self.cells.items():
            for port, bits in cell["connections"].items():
                way = cell["port_directions"].get(port)
                if way is None and cell["type"] in netlist.modules:
                    way = netlist.modules[cell["type"]]["ports"][port]["direction"]
                if way == "input":
                    for bit in bits:
                        self.sinks[bit].append(name)
        for name, cell in self.cells.items():
            block = self.block(name)
            if cell["type"] in netlist.modules:
                self.resources[block].update(total[cell["type"]])
            else:
                self.resources[block].cell(cell["type"])

    def own(self, name):
        """The module of the instance in seigo.v that the cell's source or, for memories, its name lies in."""
        source = self.cells[name]["attributes"].get("src", "")
        for line in re.findall(r"(?:^|[|/])seigo\.v:(\d+)\.", source):
            if int(line) in self.instances:
                return self.instances[int(line)]
        match = re.search(r"accelerator\.\\?(?:gen_\w+(?:\[\d+\])?\.)?(i_\w+)\.", name)
        return self.names.get(match.group(1)) if match else None

    def block(self, name):
        """Breadth first to the next cell that knows."""
        seen, queue = {name}, collections.deque([name])
        while queue:
            at = queue.popleft()
            if at not in self.known:
                cell = self.cells[at]
                logic = lut_size(cell["type"]) or cell["type"] in MUXES
                self.known[at] = None if logic else self.own(at) or "seigo"
            if self.known[at]:
                self.known[name] = self.known[at]
                return self.known[at]
            for port, bits in self.cells[at]["connections"].items():
                if self.cells[at]["port_directions"].get(port) == "output":
                    for bit in bits:
                        for sink in self.sinks.get(bit, ()):
                            if sink not in seen:
                                seen.add(sink)
                                queue.append(sink)
        return "seigo"


COLUMNS = [("LUT", "lut"), ("FF", "ff"), ("DSP", "dsp"), ("BRAM36", "bram"), ("UltraRAM", "uram"),
           ("LUT as memory", "lutram")]


def row(name, resources):
    values = dict(resources, lut=resources["logic"] + resources["lutram"])
    return f"| {name} | " + " | ".join(f"{values.get(key, 0):,}".removesuffix(".0") for _, key in COLUMNS) + " |"


def print_resources(netlist, options):
    total, instances = netlist.totals()
    whole = total[netlist.top]
    print("| | " + " | ".join(title for title, _ in COLUMNS) + " |")
    print("|---|" + "---:|" * len(COLUMNS))
    print(row("whole design", whole))
    if options.target:
        with open(options.target) as file:
            target = json.load(file)
        part = PARTS.get(target["part"]) or {
            "lut": target["lut"], "ff": target["ff"], "dsp": target["dsp"], "bram": target["bram36"],
            "uram": target["uram"]}
        used = dict(whole, lut=whole["logic"] + whole["lutram"])
        shares = [f"{100 * used.get(key, 0) / part[key]:.0f} %" if part.get(key) else "" for _, key in COLUMNS]
        print(f"| share of {target['part']} | " + " | ".join(shares) + " |")
    if options.rtl:
        blocks = Blocks(netlist, total, options.rtl).resources
        for name in sorted(blocks, key=lambda b: -blocks[b]["logic"] - blocks[b]["lutram"]):
            print(row(f"`{name}`", blocks[name]))
    print()
    array = sum(instances[name] * total[name]["dsp"] for name in total if module_name(name) == "dot_product")
    if array and options.target:
        macs = 256 * target["pixels"]
        print(f"dense array: {array} DSP for {macs} MAC a cycle, {array / macs:.3f} each")
    kept = [name for name in total if name != netlist.top]
    for name in sorted(kept, key=lambda n: -instances[n] * total[n]["logic"]):
        counts = ", ".join(f"{key} {count}" for key, count in sorted(total[name].items()) if count)
        print(f"kept apart: {module_name(name)} x {instances[name]}: {counts}")


def print_levels(netlist, options):
    flat = Flat(netlist)
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


def write_json(netlist, path):
    """The form that `seigo report --resources` takes."""
    totals, _ = netlist.totals()
    whole = totals[netlist.top]
    document = {"tool": netlist.tool, "estimate": True, "lut": whole["logic"] + whole["lutram"], "ff": whole["ff"],
                "dsp": whole["dsp"], "bram36": whole["bram"], "uram": whole["uram"]}
    with open(path, "w") as file:
        json.dump(document, file, indent=2)
        file.write("\n")


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
