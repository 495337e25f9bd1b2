"""Lints Verilog with slang (PyPI: pyslang) as strictly as the standard of 2005 reads: every warning is an error.

    slang.py FOLDER [WAIVED...] < SETS

FOLDER holds the files, WAIVED are more classes of warnings than those below; each line of SETS is one elaboration: a module, then its parameters as NAME=VALUE. Silent when
clean. Synthesis tools of FPGA vendors stop on what Verilator, Icarus Verilog and yosys read without a word, such as a
name that is used before its declaration; slang reports that.
"""

import sys
from pathlib import Path

from pyslang import driver

# Classes of warnings that are not errors here, each with the reason.
WAIVED = {
    # A part select is unsigned in Verilog even of a signed vector; the width checks stay in force.
    "sign-conversion": "signed values travel in packed unsigned buses",
    "sign-compare": "loop variables are integers, what they are compared with is unsigned",
    "arith-op-mismatch": "operands differ in width or sign; what is cut off would be a warning of its own",
    # Verilator's -Wall sees what is unused, with the exceptions that the files state.
    "unused-parameter": "generated tables are included whole",
    "unused-net": "a net named `unused` says that its bits are ignored on purpose",
    "unused-def": "registers of a generated stage that has no later reader",
    "unused-argument": "a Verilog function needs an argument",
    "empty-output-connection": "an output that nobody needs is written as such: .name()",
}


def lint(folder, module, parameters, waived):
    """True when an elaboration of `module` is clean."""
    run = driver.Driver()
    run.addStandardArgs()
    run.setTerminalColorsEnabled(sys.stderr.isatty())
    words = ["slang", "--std", "1364-2005", "-Weverything", "-Werror", "--top", module, f"-I{folder}"]
    words += [f"-Wno-{name}" for name in [*WAIVED, *waived]]
    words += [f"-G{parameter}" for parameter in parameters]
    words += [str(path) for path in sorted(folder.glob("*.v"))]
    quoted = " ".join('"' + word.replace('"', '\\"') + '"' for word in words)
    if not (run.parseCommandLine(quoted) and run.processOptions() and run.parseAllSources()):
        return False
    compilation = run.createCompilation()
    run.reportCompilation(compilation, True)
    run.runAnalysis(compilation)
    return run.reportDiagnostics(True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    sets = [line.split() for line in sys.stdin if line.strip()]
    if not sets:
        sys.exit("slang.py: no module to lint")
    dirty = [" ".join(words) for words in sets if not lint(folder, words[0], words[1:], sys.argv[2:])]
    for words in dirty:
        print(f"slang: not clean: {words}", file=sys.stderr)
    sys.exit(1 if dirty else 0)


main()
