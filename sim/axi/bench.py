"""What the benches share: clock and reset, random pauses, a memory that can answer with errors, and rules of AXI that
cocotbext-axi does not check by itself (AMBA AXI Protocol Specification, IHI 0022, A3)."""
import logging
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiRamRead, AxiRamWrite
from cocotbext.axi.memory import Memory

# The share of cycles in which a channel is held up, for each run of a bench.
PAUSES = (0.0, 0.3, 0.7, 0.93)


async def start(dut, inputs=()):
    """Starts the clock, sets `inputs` to 0 and takes the design through its reset."""
    logging.getLogger("cocotb").setLevel(logging.WARNING)
    for name in inputs:
        getattr(dut, name).value = 0
    dut.aresetn.value = 0
    cocotb.start_soon(Clock(dut.aclk, 10, unit="ns").start())
    for _ in range(4):
        await RisingEdge(dut.aclk)
    dut.aresetn.value = 1
    await RisingEdge(dut.aclk)


def paused(share, seed):
    """An endless choice of cycles to pause in, `share` of them, in stretches of random length."""
    rng = random.Random(seed)
    while True:
        for _ in range(rng.choice((1, 1, 2, 8))):
            yield rng.random() < share


def pause(interface, share, seed):
    """Holds up every channel of a cocotbext-axi master, slave or memory."""
    for part in ("write_if", "read_if"):
        for channel in ("aw", "w", "b", "ar", "r"):
            found = getattr(getattr(interface, part), channel + "_channel", None)
            if found is not None and share > 0:
                found.set_pause_generator(paused(share, f"{seed}{part}{channel}"))


class Unmapped(Exception):
    """An address that the memory answers with SLVERR."""


class _Reads(AxiRamRead):
    async def _read(self, address, length):
        if self.refuse(address):
            raise Unmapped
        return self.read(address % self.size, length)


class _Writes(AxiRamWrite):
    async def _write(self, address, data):
        if self.refuse(address):
            raise Unmapped
        self.write(address % self.size, data)


class Ram(Memory):
    """A memory that takes as many bursts as come, and answers addresses that `refuse` names with SLVERR."""

    def __init__(self, bus, dut, size, refuse=lambda address: False):
        Memory.__init__(self, size)
        self.write_if = _Writes(bus.write, dut.aclk, dut.aresetn, reset_active_level=False, mem=self.mem)
        self.read_if = _Reads(bus.read, dut.aclk, dut.aresetn, reset_active_level=False, mem=self.mem)
        self.write_if.refuse = self.read_if.refuse = refuse
        self.write_if.aw_channel.queue_occupancy_limit = 64
        self.read_if.ar_channel.queue_occupancy_limit = 64


class Rules:
    """Watches what a master sends, in every cycle: what is offered stays until it is taken; bursts are INCR of full beats
    and at most 16 long, and stay within 4 KiB; WLAST comes with the last beat of a burst; no more bursts are
    under way than the master says."""

    def __init__(self, dut, prefix, beat_bytes, reads, writes):
        self.dut, self.beat_bytes = dut, beat_bytes
        self.limit = {"ar": reads, "aw": writes}
        self.under_way = {"ar": 0, "aw": 0}
        self.most = {"ar": 0, "aw": 0}
        self.lengths, self.lasts, self.beat = [], [], 0
        self.held = {}
        self.signals = {}
        for channel, fields in (("aw", ("addr", "len", "size", "burst")), ("ar", ("addr", "len", "size", "burst")),
                                ("w", ("data", "strb", "last")), ("b", ()), ("r", ("last",))):
            handles = {name: getattr(dut, f"{prefix}_{channel}{name}") for name in ("valid", "ready", *fields)}
            self.signals[channel] = handles
        cocotb.start_soon(self._watch())

    async def _watch(self):
        while True:
            await RisingEdge(self.dut.aclk)
            if not self.dut.aresetn.value:
                continue
            now = {channel: {name: int(signal.value) for name, signal in handles.items() if name in ("valid", "ready")}
                   for channel, handles in self.signals.items()}
            for channel in ("aw", "ar", "w"):
                self._stable(channel, now[channel])
            for channel in ("aw", "ar"):
                if now[channel]["valid"] and now[channel]["ready"]:
                    self._address(channel)
            if now["w"]["valid"] and now["w"]["ready"]:
                self._beat()
            if now["b"]["valid"] and now["b"]["ready"]:
                self.under_way["aw"] -= 1
            if now["r"]["valid"] and now["r"]["ready"] and int(self.signals["r"]["last"].value):
                self.under_way["ar"] -= 1

    def _stable(self, channel, now):
        payload = tuple(str(signal.value) for name, signal in self.signals[channel].items() if name != "ready") \
            if now["valid"] else None
        if channel in self.held:
            assert payload == self.held[channel], f"{channel} changed what it offers before it was taken"
        self.held.pop(channel, None)
        if now["valid"] and not now["ready"]:
            self.held[channel] = payload

    def _address(self, channel):
        address, length, size, burst = (int(self.signals[channel][name].value)
                                        for name in ("addr", "len", "size", "burst"))
        assert 1 << size == self.beat_bytes and burst == 1 and length < 16, f"{channel}: a burst of another kind"
        assert address % 4096 + (length + 1) * self.beat_bytes <= 4096, f"{channel}: a burst crosses 4 KiB"
        self.under_way[channel] += 1
        self.most[channel] = max(self.most[channel], self.under_way[channel])
        assert self.under_way[channel] <= self.limit[channel], f"{channel}: more bursts under way than promised"
        if channel == "aw":
            self.lengths.append(length + 1)
            self._match()

    def _beat(self):
        self.lasts.append(int(self.signals["w"]["last"].value))
        self._match()

    def _match(self):
        """Data may come before their address: beats wait for the length of their burst."""
        while self.lengths and self.lasts:
            self.beat += 1
            last = self.beat == self.lengths[0]
            assert self.lasts.pop(0) == last, "WLAST is wrong"
            if last:
                self.lengths.pop(0)
                self.beat = 0
