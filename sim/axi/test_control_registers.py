"""The register slave against cocotbext-axi's AXI4-Lite master: random accesses with strobes against a model made of
rtl/seigo_registers.vh, and a frame from its start to its interrupt."""
import os
import random
import re

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from bench import PAUSES, pause, start

INPUTS = ("axi_idle_i", "done_i", "pass_i", "processor_i", "error_i", "error_code_i", "error_client_i", "error_block_i",
          "stall_i")
with open(os.path.join(os.environ["SEIGO_RTL"], "seigo_registers.vh")) as file:
    TEXT = file.read()
OFFSETS = {name: int(offset, 16) for name, offset in re.findall(r"Reg(\w+) = 12'h(\w+);", TEXT)}
FIELDS = {name: (int(lsb), int(width)) for name, lsb, width in re.findall(r"(\w+)Lsb = (\d+), \1Width = (\d+);", TEXT)}


def mask(register, *fields):
    """The bits of a register's fields."""
    return sum(((1 << FIELDS[register + field][1]) - 1) << FIELDS[register + field][0] for field in fields)


# What a program may write and read back, and the bits of it that are there.
STORED = {name: 0xFFFFFFFF for name in ("StreamBaseLow", "StreamBaseHigh", "ImageBaseLow", "ImageBaseHigh", "OutputBaseLow",
                                        "OutputBaseHigh", "ScratchBaseLow", "ScratchBaseHigh", "StreamWords")}
STORED["GlobalInterrupt"] = mask("GlobalInterrupt", "Enable")
STORED["InterruptEnable"] = mask("InterruptEnable", "Done", "Ready", "Processor", "Error")


def connect(dut, share):
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi_ctrl"), dut.aclk, dut.aresetn, reset_active_level=False)
    pause(master, share, 3)
    return master


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(share=PAUSES)
async def accesses(dut, share):
    """Any bytes of any register, and offsets that hold none: what reads back is what a model of the fields holds."""
    master = connect(dut, share)
    await start(dut, INPUTS)
    rng = random.Random(int(share * 100))
    held = dict.fromkeys(STORED, 0)
    holes = [offset for offset in range(0, 4096, 4) if offset not in OFFSETS.values()]
    for _ in range(300):
        name = rng.choice(list(STORED))
        first = rng.randrange(4)
        data = rng.randbytes(rng.randint(1, 4 - first))
        answer = await master.write(OFFSETS[name] + first, data)
        assert answer.resp == AxiResp.OKAY
        word = bytearray(held[name].to_bytes(4, "little"))
        word[first:first + len(data)] = data
        if name == "InterruptEnable" or name == "GlobalInterrupt":
            # One byte holds all fields: it is written whole or not at all.
            word = word if first == 0 else held[name].to_bytes(4, "little")
        held[name] = int.from_bytes(word, "little") & STORED[name]
        name = rng.choice(list(STORED))
        assert int.from_bytes((await master.read(OFFSETS[name], 4)).data, "little") == held[name], name
        hole = rng.choice(holes)
        await master.write(hole, rng.randbytes(4))
        answer = await master.read(hole, 4)
        assert answer.resp == AxiResp.OKAY and answer.data == bytes(4), f"{hole:#x} holds something"


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(share=(0.0, 0.7))
async def frames(dut, share):
    """Start, reset of the core, the addresses, the end, the interrupt and its acknowledgment, three frames in a row."""
    master = connect(dut, share)
    await start(dut, INPUTS)
    rng = random.Random(11)

    async def write(name, value):
        await master.write(OFFSETS[name], value.to_bytes(4, "little"))

    async def read(name):
        return int.from_bytes((await master.read(OFFSETS[name], 4)).data, "little")

    await write("GlobalInterrupt", STORED["GlobalInterrupt"])
    await write("InterruptEnable", mask("InterruptEnable", "Done"))
    for frame in range(3):
        base, words = rng.getrandbits(28) << 12, rng.getrandbits(24)
        await write("StreamBaseLow", base & 0xFFFFFFFF)
        await write("StreamBaseHigh", base >> 32)
        await write("StreamWords", words)
        dut.axi_idle_i.value = 0
        await write("Control", mask("Control", "Start"))
        for _ in range(40):
            await RisingEdge(dut.aclk)
            assert not int(dut.start_o.value), "started while the masters were busy"
        assert not int(dut.core_resetn_o.value) and int(dut.clear_o.value)
        dut.axi_idle_i.value = 1
        while not int(dut.start_o.value):
            await RisingEdge(dut.aclk)
        assert int(dut.core_resetn_o.value) and int(dut.stream_address_o.value) == base
        assert int(dut.stream_words_o.value) == words
        assert not int(dut.interrupt_o.value)
        await ClockCycles(dut.aclk, 30)
        dut.done_i.value = 1
        await RisingEdge(dut.aclk)
        dut.done_i.value = 0
        await ClockCycles(dut.aclk, 4)
        assert int(dut.interrupt_o.value), "no interrupt"
        control = await read("Control")
        assert control & mask("Control", "Done", "Idle") == mask("Control", "Done", "Idle")
        assert not (await read("Control")) & mask("Control", "Done"), "reading does not clear Done"
        await write("InterruptStatus", await read("InterruptStatus"))
        await ClockCycles(dut.aclk, 2)
        assert not int(dut.interrupt_o.value), "the interrupt stays"
        assert 30 <= await read("Cycles") <= 40
