"""Resources of a netlist, against the part and by module of seigo_core.v."""

import collections
import json
import re

from netlist import MUXES, Resources, lut_size, module_name

# What the parts have, by their data sheets; a target may plan with more block RAM than its part.
PARTS = {
    "xck26-sfvc784-2LV-c": {"lut": 117120, "ff": 234240, "dsp": 1248, "bram": 144, "uram": 64},
    "xc7z020clg400-1": {"lut": 53200, "ff": 106400, "dsp": 220, "bram": 140, "uram": 0},
}


class Blocks:
    """Shares the cells of the flattened top out to the modules that seigo_core.v contains."""

    def __init__(self, netlist, total, rtl):
        # Instances by line and by name; where parameters take lines of their own, the line is that of the name.
        self.instances, self.names = {}, {}
        with open(f"{rtl}/seigo_core.v") as file:
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
        """The module of the instance in seigo_core.v that the cell's source or, for memories, its name lies in."""
        source = self.cells[name]["attributes"].get("src", "")
        for line in re.findall(r"(?:^|[|/])seigo_core\.v:(\d+)\.", source):
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
                self.known[at] = None if logic else self.own(at) or "seigo_core"
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
        return "seigo_core"


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
            print(row(f"`{name.removeprefix('seigo_')}`", blocks[name]))
    print()
    array = sum(instances[name] * total[name]["dsp"] for name in total if module_name(name) in ("seigo_dot_product", "seigo_dot_pair"))
    if array and options.target:
        macs = 256 * target["pixels"]
        print(f"dense array: {array} DSP for {macs} MAC a cycle, {array / macs:.3f} each")
    kept = [name for name in total if name != netlist.top]
    for name in sorted(kept, key=lambda n: -instances[n] * total[n]["logic"]):
        counts = ", ".join(f"{key} {count}" for key, count in sorted(total[name].items()) if count)
        print(f"kept apart: {module_name(name).removeprefix('seigo_')} x {instances[name]}: {counts}")


def write_json(netlist, path):
    """The form that `seigo report --resources` takes."""
    totals, _ = netlist.totals()
    whole = totals[netlist.top]
    document = {"tool": netlist.tool, "estimate": True, "lut": whole["logic"] + whole["lutram"], "ff": whole["ff"],
                "dsp": whole["dsp"], "bram36": whole["bram"], "uram": whole["uram"]}
    with open(path, "w") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
