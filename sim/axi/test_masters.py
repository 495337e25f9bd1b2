"""The AXI masters against cocotbext-axi's memory: random requests of all clients with random pauses on every channel, data
compared, errors reported to their client, and clears in the middle."""
import random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge, Timer
from cocotbext.axi import AxiBus

from bench import PAUSES, Ram, Rules, pause, start

INPUTS = ("clear_i", "read_valid", "read_address", "read_beats", "write_valid", "write_address", "write_beats",
          "write_data_valid", "write_data")
SIZE = 1 << 20
# Reads come from the lower half, writes go to the upper one; both ends of it hold a page that answers with errors.
HALF = SIZE // 2
READ_ERRORS = range(HALF - 4096, HALF)
WRITE_ERRORS = range(SIZE - 4096, SIZE)


def requests(rng, count, low, high):
    """Byte addresses and beats, half of them near a border of 4 KiB."""
    made = []
    while len(made) < count:
        beats = rng.randint(1, 16)
        if rng.random() < 0.5:
            address = rng.randrange(low // 4096 + 1, high // 4096) * 4096 - 16 * rng.randint(0, 17)
        else:
            address = rng.randrange(low // 16, high // 16) * 16
        if low <= address and address + 16 * beats <= high:
            made.append((address, beats))
    return made


class Reader:
    """Clients that ask and take; what arrives has to be what the memory holds at the addresses, in the order asked."""

    def __init__(self, dut, image):
        self.dut, self.image = dut, image
        self.waiting = [[], [], []]
        self.expected = [[], [], []]
        self.errors = 0
        cocotb.start_soon(self._ask())
        cocotb.start_soon(self._take())

    async def _ask(self):
        while True:
            valid = address = beats = 0
            for client, queue in enumerate(self.waiting):
                if queue:
                    valid |= 1 << client
                    address |= queue[0][0] << 40 * client
                    beats |= queue[0][1] << 5 * client
            self.dut.read_valid.value = valid
            self.dut.read_address.value = address
            self.dut.read_beats.value = beats
            await RisingEdge(self.dut.aclk)
            taken = int(self.dut.read_ready.value) & valid
            for client in range(3):
                if taken >> client & 1:
                    start_at, count = self.waiting[client].pop(0)
                    self.expected[client] += [start_at + 16 * beat for beat in range(count)]

    async def _take(self):
        while True:
            await RisingEdge(self.dut.aclk)
            valid = int(self.dut.read_data_valid.value)
            assert valid in (0, 1, 2, 4), "data for two clients at once"
            # A clear forgets who asked.
            if not valid or int(self.dut.clear_i.value):
                continue
            client = valid.bit_length() - 1
            assert self.expected[client], f"client {client} got data that it did not ask for"
            address = self.expected[client].pop(0)
            error = int(self.dut.read_error.value)
            assert error == (address in READ_ERRORS), f"error of {address:#x} is wrong"
            if error:
                self.errors += 1
                assert int(self.dut.read_error_client.value) == client
            else:
                got = int(self.dut.read_data.value).to_bytes(16, "little")
                assert got == self.image[address:address + 16], f"data of {address:#x} differ"

    def left(self):
        return sum(map(len, self.waiting)) + sum(map(len, self.expected))


class Writer:
    """A client that asks and gives; keeps what the memory has to hold afterward."""

    def __init__(self, dut, image, seed):
        self.dut, self.image = dut, image
        self.rng = random.Random(seed)
        self.waiting, self.beats = [], []
        # What each place may hold if a clear cuts the requests off: what was there, what was to be written.
        self.possible = {}
        self.errors = self.bursts_with_errors = 0
        cocotb.start_soon(self._ask())
        cocotb.start_soon(self._give())
        cocotb.start_soon(self._count())

    async def _ask(self):
        while True:
            request = self.waiting[0] if self.waiting and self.rng.random() < 0.8 else None
            self.dut.write_valid.value = request is not None
            if request:
                self.dut.write_address.value, self.dut.write_beats.value = request
            await RisingEdge(self.dut.aclk)
            while request and not int(self.dut.write_ready.value):
                await RisingEdge(self.dut.aclk)
            if request:
                self.waiting.pop(0)
                self._accept(*request)

    def _accept(self, address, beats):
        end = address + 16 * beats
        # A request that goes beyond a border is two bursts.
        self.bursts_with_errors += any(a in WRITE_ERRORS for a in range(address, end, 16))
        for beat in range(address, end, 16):
            data = self.rng.randbytes(16)
            self.beats.append(data)
            self.possible.setdefault(beat, [bytes(self.image[beat:beat + 16])]).append(data)
            if beat not in WRITE_ERRORS:
                self.image[beat:beat + 16] = data

    async def _give(self):
        while True:
            give = self.beats[0] if self.beats and self.rng.random() < 0.8 else None
            self.dut.write_data_valid.value = give is not None
            if give:
                self.dut.write_data.value = int.from_bytes(give, "little")
            await RisingEdge(self.dut.aclk)
            while give and not int(self.dut.write_data_ready.value):
                if not self.beats:
                    break
                await RisingEdge(self.dut.aclk)
            if give and self.beats:
                self.beats.pop(0)

    async def _count(self):
        while True:
            await RisingEdge(self.dut.aclk)
            self.errors += int(self.dut.write_error.value)

    def left(self):
        return len(self.waiting) + len(self.beats)


async def quiet(dut, *clients):
    while any(client.left() for client in clients) or not int(dut.idle_o.value):
        await ClockCycles(dut.aclk, 20)
    await ClockCycles(dut.aclk, 4)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(share=PAUSES)
async def both(dut, share):
    """All clients at once: every beat of data, every error, the memory afterward; the limits on bursts are reached."""
    rng = random.Random(int(share * 100))
    ram = Ram(AxiBus.from_prefix(dut, "m_axi"), dut, SIZE, lambda a: a in READ_ERRORS or a in WRITE_ERRORS)
    image = bytearray(rng.randbytes(SIZE))
    ram.write(0, bytes(image))
    pause(ram, share, 1)
    await start(dut, INPUTS)
    rules = Rules(dut, "m_axi", 16, int(dut.Reads.value), int(dut.Writes.value))
    for channel in ("aw", "ar"):
        assert getattr(dut, f"m_axi_{channel}cache").value == dut.Cache.value, f"{channel}: another kind of memory"
        assert getattr(dut, f"m_axi_{channel}prot").value == dut.Prot.value, f"{channel}: another protection"
    reader, writer = Reader(dut, image), Writer(dut, image, 2)
    for queue in reader.waiting:
        queue += requests(rng, 100, 0, HALF) + [(READ_ERRORS.start, 2)]
    writer.waiting += requests(rng, 200, HALF, SIZE) + [(WRITE_ERRORS.start, 3)]
    await quiet(dut, reader, writer)
    assert ram.read(HALF, HALF - 4096) == image[HALF:SIZE - 4096], "the memory differs"
    assert reader.errors >= 6 and writer.errors == writer.bursts_with_errors, "errors were lost"
    if share > 0.5:
        assert rules.most["ar"] == int(dut.Reads.value) and rules.most["aw"] == int(dut.Writes.value)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(share=(0.0, 0.7))
async def clear(dut, share):
    """Clears at any time: the bus comes to rest by the rules, data of before reach nobody, what comes after is right."""
    rng = random.Random(5)
    ram = Ram(AxiBus.from_prefix(dut, "m_axi"), dut, SIZE)
    image = bytearray(rng.randbytes(SIZE))
    ram.write(0, bytes(image))
    pause(ram, share, 6)
    await start(dut, INPUTS)
    Rules(dut, "m_axi", 16, int(dut.Reads.value), int(dut.Writes.value))
    reader, writer = Reader(dut, image), Writer(dut, image, 7)
    for _ in range(25):
        for queue in reader.waiting:
            queue += requests(rng, 12, 0, HALF - 4096)
        writer.waiting += requests(rng, 12, HALF, SIZE - 4096)
        await ClockCycles(dut.aclk, rng.randint(5, 300))
        # From the middle of a cycle, so that whoever asks sees the clear in the same cycle as the masters.
        await Timer(3, unit="ns")
        dut.clear_i.value = 1
        for queue in (*reader.waiting, *reader.expected, writer.waiting, writer.beats):
            queue.clear()
        await ClockCycles(dut.aclk, 2)
        for queue in (*reader.waiting, *reader.expected, writer.waiting, writer.beats):
            queue.clear()
        while not int(dut.idle_o.value):
            await RisingEdge(dut.aclk)
        dut.clear_i.value = 0
        # What was on its way when the clear came was written or not, and nothing else was.
        for place, contents in writer.possible.items():
            assert ram.read(place, 16) in contents, f"{place:#x} holds what nobody wrote"
            image[place:place + 16] = ram.read(place, 16)
        writer.possible.clear()
        assert ram.read(HALF, HALF) == image[HALF:], "a place was written that nobody asked for"
    writer.waiting += requests(rng, 12, HALF, SIZE - 4096)
    for queue in reader.waiting:
        queue += requests(rng, 12, 0, HALF - 4096)
    await quiet(dut, reader, writer)
    assert ram.read(HALF, HALF) == image[HALF:], "the memory differs"
