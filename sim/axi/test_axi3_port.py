"""The port from 128 bits of AXI4 to 64 bits of AXI3: cocotbext-axi's master on one side, its memory on the other."""
import random

import cocotb
from cocotbext.axi import AxiBus, AxiMaster, AxiResp

from bench import PAUSES, Ram, Rules, pause, start

SIZE = 1 << 18
ERRORS = range(SIZE - 4096, SIZE)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(share=PAUSES)
async def transfers(dut, share):
    """Writes to the upper half and reads of the lower one at once: data, the memory afterward, answers."""
    rng = random.Random(int(share * 100))
    ram = Ram(AxiBus.from_prefix(dut, "m"), dut, SIZE, lambda address: address in ERRORS)
    master = AxiMaster(AxiBus.from_prefix(dut, "s"), dut.aclk, dut.aresetn, reset_active_level=False, max_burst_len=16)
    image = bytearray(rng.randbytes(SIZE))
    ram.write(0, bytes(image))
    pause(ram, share, 1)
    pause(master, share, 2)
    await start(dut)
    limit = 1 << int(dut.Depth.value)
    Rules(dut, "m", 8, limit, limit)
    reads, writes = [], []
    for _ in range(50):
        length = 16 * rng.randint(1, 48)
        address = 16 * rng.randrange(SIZE // 2 // 16 - 48)
        reads.append((address, length, master.init_read(address, length, arid=0)))
        address = SIZE // 2 + 16 * rng.randrange((SIZE // 2 - 8192) // 16)
        data = rng.randbytes(16 * rng.randint(1, 48))
        image[address:address + len(data)] = data
        writes.append(master.init_write(address, data, awid=0))
    for address, length, event in reads:
        await event.wait()
        assert event.data.resp == AxiResp.OKAY and event.data.data == image[address:address + length]
    for event in writes:
        await event.wait()
        assert event.data.resp == AxiResp.OKAY
    assert ram.read(0, SIZE) == image, "the memory differs"
    # Of a burst that becomes two of the port, either may fail: its second half, its first half, both.
    for beats in (1, 8, 9, 16):
        for address in (ERRORS.start - 128, ERRORS.start):
            wrong = address + 16 * beats > ERRORS.start
            answer = await master.read(address, 16 * beats, arid=0)
            assert (answer.resp == AxiResp.SLVERR) == wrong
            answer = await master.write(address, bytes(16 * beats), awid=0)
            assert (answer.resp == AxiResp.SLVERR) == wrong
