"""A netlist of Xilinx primitives as yosys writes it (`write_json`): its modules with what they count, and its cells
on global nets."""

import collections
import json
import re

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
                self.cells.append((kind, pins, cell["port_directions"], path, cell.get("parameters", {})))

    def name(self, net):
        return self.names.get(net, (1, f"net {net}"))[1]
