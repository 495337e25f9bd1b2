"""Checks what runs a bundle on its board, by the tools that read it there: dtc, bootgen, PYNQ's parser.

    check_board.py BUNDLE...

Packages: pynqmetadata; Debian's device-tree-compiler and xilinx-bootgen. `make test-vivado` installs them and runs this.
"""

import json
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from pynqmetadata.frontends import Metadata
from pynqmetadata.views.runtime.runtime_metadata_parser import RuntimeMetadataParser

TREES = Path(__file__).resolve().parent / "trees"
# What a board must find, said here once more and not read from the bundle: window, interrupt, clock in Hz, address cells.
BOARDS = {
    "kv260": ("zynqmp", 0xA0000000, 89, 250_000_000, 2),
    "kv260-large": ("zynqmp", 0xA0000000, 89, 187_500_000, 2),
    "ultra96": ("zynqmp", 0xA0000000, 89, 187_500_000, 2),
    "zynq7020": ("zynq", 0x40000000, 29, 100_000_000, 1),
}
failures = 0


def check(passed, sentence):
    global failures
    if not passed:
        failures += 1
        print(f"FAILED: {sentence}")


def run(*command, folder=None):
    return subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True)


def bitstream(words, part):
    """A file as write_bitstream makes it: header with fields a to e, then the words, high byte first."""
    text = b"seigo_board;UserID=0XFFFFFFFF;Version=2023.2\0"
    fields = [(b"a", text), (b"b", part.encode() + b"\0"), (b"c", b"2026/01/01\0"), (b"d", b"00:00:00\0")]
    head = bytes([0, 9, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0, 0, 1])
    head += b"".join(name + struct.pack(">H", len(value)) + value for name, value in fields)
    return head + b"e" + struct.pack(">I", 4 * len(words)) + b"".join(struct.pack(">I", word) for word in words)


def check_image(board, clock, hz):
    """The Makefile: bit.bin by bootgen is the payload with the bytes of each word turned round; gates hold."""
    words = [0xFFFFFFFF] * 16 + [0x000000BB, 0x11220044] + [0xFFFFFFFF] * 2 + [0xAA995566, 0x20000000]
    words += [number * 2654435761 % 2**32 for number in range(2000)]
    # For Zynq-7000 bootgen fills up with no-operations; a real bitstream ends with many of them.
    words += [0x20000000] * (-len(words) % 16)
    part = json.loads((board.parent / "target.json").read_text())["part"]
    with tempfile.TemporaryDirectory() as folder:
        work, out = Path(folder) / "board", Path(folder) / "vivado/out"
        shutil.copytree(board, work)
        out.mkdir(parents=True)
        (out / "seigo.bit").write_bytes(bitstream(words, part))
        for passed, mhz in ((False, clock), (True, clock - 1)):
            (out / "verdict.json").write_text(json.dumps({"passed": passed, "clock_mhz": mhz}, indent=2))
            check(run("make", folder=work).returncode != 0, f"{board}: make takes passed {passed} at {mhz} MHz")
        (out / "verdict.json").write_text(json.dumps({"passed": True, "clock_mhz": clock}, indent=2))
        made = run("make", "install", f"DESTDIR={folder}/root", folder=work)
        check(made.returncode == 0, f"{board}: make: {made.stdout}{made.stderr}")
        if made.returncode:
            return
        binary = (work / "seigo.bit.bin").read_bytes()
        check(binary == b"".join(struct.pack("<I", word) for word in words), f"{board}: seigo.bit.bin is another")
        installed = Path(folder) / "root/lib/firmware/xilinx/seigo"
        names = {path.name for path in installed.iterdir()}
        wanted = {"seigo.bit.bin", "seigo.dtbo"} | ({"shell.json"} if "kv260" in str(board) else set())
        check(names == wanted, f"{board}: installed are {names}")
        check_overlay(board, work / "seigo.dtbo", Path(folder), hz)


def check_overlay(board, overlay, folder, hz):
    tree, window, interrupt, _, cells = BOARDS[board.parent.name]
    base, whole = folder / "base.dtb", folder / "whole.dtb"
    made = run("dtc", "-@", "-O", "dtb", "-o", base, TREES / f"{tree}.dts")
    check(made.returncode == 0, made.stderr)
    applied = run("fdtoverlay", "-i", base, "-o", whole, overlay)
    check(applied.returncode == 0, f"{board}: {applied.stderr}")

    def get(node, name, kind="x"):
        found = run("fdtget", "-t", kind, whole, node, name)
        check(found.returncode == 0, f"{board}: {node} has no {name}")
        return found.stdout.split()

    numbers = lambda node, name: [int(word, 16) for word in get(node, name)]
    node = f"/axi/seigo@{window:x}"
    high = [0] * (cells - 1)
    check(numbers(node, "reg") == high + [window] + high + [0x1000], f"{board}: registers at {numbers(node, 'reg')}")
    check(numbers(node, "interrupts") == [0, interrupt, 4], f"{board}: interrupt {numbers(node, 'interrupts')}")
    check(get(node, "compatible", "s") == ["generic-uio"], f"{board}: {node} is no UIO device")
    check(numbers("/axi/clocking0", "assigned-clock-rates") == [hz], f"{board}: another clock than {hz} Hz")
    check(get("/axi/seigo-memory", "device-name", "s") == ["seigo"], f"{board}: no memory named seigo")
    size = numbers("/axi/seigo-memory", "size")[0]
    check(size >= 1 << 24 and size % (1 << 24) == 0, f"{board}: shared memory of {size} bytes")
    check(get("/fpga-full", "firmware-name", "s") == ["seigo.bit.bin"], f"{board}: another bitstream")
    if tree == "zynqmp":
        # HP0 read and write 128 bits, HPM0 32 bits: the widths that the block design asks for.
        check(numbers("/axi/afi0", "config-afi") == [4, 0, 5, 0, 14, 0], f"{board}: other widths of ports")


def check_description(board, hz):
    """The .hwh in the parser that PYNQ itself uses."""
    description = RuntimeMetadataParser(Metadata(str(board / "seigo.hwh")))
    found = description.ip_dict["seigo"]
    _, window, _, _, _ = BOARDS[board.parent.name]
    check((found["phys_addr"], found["addr_range"]) == (window, 4096), f"{board}: IP at {found['phys_addr']:#x}")
    registers = found["registers"]
    check(registers["Version"]["address_offset"] == 0x50, f"{board}: Version is elsewhere")
    check("ErrorCode" in registers["Status"]["fields"], f"{board}: Status has no ErrorCode")
    clock = description.clock_dict[0]
    pll = 1_500_000_000 if BOARDS[board.parent.name][0] == "zynqmp" else 1_000_000_000
    divided = pll / (int(clock["divisor0"]) * int(clock["divisor1"]))
    check(clock["frequency"] in (None, hz / 1e6), f"{board}: clock of {clock['frequency']} MHz")
    check(divided == hz and int(clock["enable"]) == 1, f"{board}: clock {clock}")
    return len(registers)


def main():
    bundles = [Path(name).resolve() for name in sys.argv[1:]]
    if not bundles:
        sys.exit(__doc__)
    for bundle in bundles:
        hz = BOARDS[bundle.name][3]
        check_image(bundle / "board", hz / 1e6, hz)
        registers = check_description(bundle / "board", hz)
        print(f"{bundle.name}: overlay, boot image, {registers} registers in PYNQ's parser")
    sys.exit(1 if failures else 0)


main()
