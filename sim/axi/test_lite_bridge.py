"""The bridge to AXI4-Lite: cocotbext-axi's AXI4 master on one side, its AXI4-Lite memory on the other."""
import random

import cocotb
from cocotbext.axi import AxiBurstType, AxiBus, AxiLiteBus, AxiLiteRam, AxiMaster, AxiResp

from bench import PAUSES, pause, start

SIZE = 4096


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(share=PAUSES)
async def accesses(dut, share):
    """Writes and reads of any length, beat and ID, one after the other: the memory holds what a model of bytes holds."""
    rng = random.Random(int(share * 100))
    ram = AxiLiteRam(AxiLiteBus.from_prefix(dut, "m"), dut.aclk, dut.aresetn, reset_active_level=False, size=SIZE)
    master = AxiMaster(AxiBus.from_prefix(dut, "s"), dut.aclk, dut.aresetn, reset_active_level=False, max_burst_len=16)
    image = bytearray(rng.randbytes(SIZE))
    ram.write(0, bytes(image))
    pause(ram, share, 1)
    pause(master, share, 2)
    await start(dut)
    for _ in range(60):
        size = rng.randint(0, 2)
        address = rng.randrange(SIZE - 256)
        data = rng.randbytes(rng.randint(1, 64))
        answer = await master.write(address, data, awid=rng.randrange(1 << 16), size=size)
        assert answer.resp == AxiResp.OKAY
        image[address:address + len(data)] = data
        address = rng.randrange(SIZE - 256)
        length = rng.randint(1, 64)
        answer = await master.read(address, length, arid=rng.randrange(1 << 16), size=size)
        assert answer.resp == AxiResp.OKAY and answer.data == image[address:address + length]
    assert ram.read(0, SIZE) == image


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def at_once(dut):
    """Reads and writes at the same time, in windows of their own."""
    rng = random.Random(9)
    ram = AxiLiteRam(AxiLiteBus.from_prefix(dut, "m"), dut.aclk, dut.aresetn, reset_active_level=False, size=SIZE)
    master = AxiMaster(AxiBus.from_prefix(dut, "s"), dut.aclk, dut.aresetn, reset_active_level=False, max_burst_len=16)
    image = bytearray(rng.randbytes(SIZE))
    ram.write(0, bytes(image))
    pause(ram, 0.5, 1)
    pause(master, 0.5, 2)
    await start(dut)
    writes, reads = [], []
    for index in range(60):
        address = 4 * rng.randrange(SIZE // 8 - 16)
        reads.append((address, master.init_read(address, 32, arid=index)))
        address = SIZE // 2 + 4 * rng.randrange(SIZE // 8 - 16)
        data = rng.randbytes(32)
        # One ID, so that the writes stay in order.
        writes.append(master.init_write(address, data, awid=1))
        image[address:address + 32] = data
    for address, event in reads:
        await event.wait()
        assert event.data.data == image[address:address + 32]
    for event in writes:
        await event.wait()
    assert ram.read(0, SIZE) == image


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def wrapping(dut):
    """Bursts that wrap are answered by SLVERR and reach nothing."""
    ram = AxiLiteRam(AxiLiteBus.from_prefix(dut, "m"), dut.aclk, dut.aresetn, reset_active_level=False, size=SIZE)
    master = AxiMaster(AxiBus.from_prefix(dut, "s"), dut.aclk, dut.aresetn, reset_active_level=False, max_burst_len=16)
    await start(dut)
    answer = await master.write(64, b"\xff" * 16, burst=AxiBurstType.WRAP)
    assert answer.resp == AxiResp.SLVERR
    answer = await master.read(64, 16, burst=AxiBurstType.WRAP)
    assert answer.resp == AxiResp.SLVERR
    assert ram.read(0, SIZE) == bytes(SIZE)
