"""Runs the benches of AXI in Icarus Verilog with cocotb and cocotbext-axi, whose masters, slaves and rules are another
team's; then breaks a module in one place at a time and expects its bench to fail.

    run.py [BENCH...]    all of them without a name
"""
import pathlib
import shutil
import sys
import time

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUT = ROOT / "build" / "axi"

# Bench: its top level, which is a module of rtl/ or of this folder.
BENCHES = {"masters": "masters_tb", "control_registers": "seigo_control_registers", "lite_bridge": "lite_bridge_tb",
           "axi3_port": "axi3_port_tb"}

# Bench, file, what stands there, what is put in its place, and what that breaks.
FAULTS = [
    ("masters", "seigo_axi_burst_split.v", "crosses_q <= address_i[11:8] == 4'hF && end_i[4];", "crosses_q <= 1'b0;",
     "no split at 4 KiB"),
    ("masters", "seigo_axi_write.v", "last_q[in_q] <= last;", "last_q[in_q] <= sent_q == 4'd0;", "WLAST at the wrong beat"),
    ("masters", "seigo_axi_read.v", "end else if (m_axi_gmem_arready) begin\n      ar_valid_q <= 1'b0;",
     "end else begin\n      ar_valid_q <= 1'b0;", "ARVALID falls before it is taken"),
    ("masters", "seigo_axi_write.v", "end else if (m_axi_gmem_awready) begin\n      aw_valid_q <= 1'b0;",
     "end else begin\n      aw_valid_q <= 1'b0;", "AWVALID falls before it is taken"),
    ("masters", "seigo_axi_read.v", " &&\n                      outstanding_q != Outstanding[TagBits:0];", ";",
     "no cap on reads under way"),
    ("masters", "seigo_axi_write.v", " &&\n                      unanswered_q != Outstanding[CountBits:0];", ";",
     "no cap on writes under way"),
    ("masters", "seigo_axi_read.v", "arcache = Cache;", "arcache = 4'b0011;", "ARCACHE is not what was asked for"),
    ("masters", "seigo_axi_write.v", "awprot = Prot;", "awprot = 3'b000;", "AWPROT is not what was asked for"),
    ("masters", "seigo_axi_write.v", "strobe_q[in_q] <= !clear_i;", "strobe_q[in_q] <= 1'b1;",
     "what a clear cuts off is written"),
    ("control_registers", "seigo_control_registers.v", "end else if (s_axi_ctrl_bready) begin\n      b_valid_q <= 1'b0;",
     "end else begin\n      b_valid_q <= 1'b0;", "BVALID falls before it is taken"),
    ("control_registers", "seigo_control_registers.v", "{8{w_strobe_q[2]}}", "{8{w_strobe_q[3]}}", "a strobe of another byte"),
    ("lite_bridge", "seigo_lite_bridge.v", "if (m_wvalid && m_wready) data_sent_q <= 1'b1;", "data_sent_q <= 1'b1;",
     "WVALID falls before it is taken"),
    ("lite_bridge", "seigo_lite_bridge.v", "assign s_rlast = read_left_q == 8'd0;", "assign s_rlast = read_left_q <= 8'd1;",
     "RLAST a beat early"),
    ("axi3_port", "seigo_axi3_port.v", "(s_wlast || beat_q == 3'd7)", "s_wlast", "no WLAST between two bursts of the port"),
    ("axi3_port", "seigo_axi3_split.v", "address_q + 128", "address_q + 64", "the second burst at the wrong address"),
    ("axi3_port", "seigo_axi3_split.v", "busy_q && !full", "busy_q", "no cap on bursts under way"),
]


def sources(folder, fault=None):
    """Copies everything that a bench may need to a folder, with a fault where one is asked for."""
    folder.mkdir(parents=True)
    for file in [*ROOT.glob("rtl/*.v*"), *ROOT.glob("rtl/device/seigo_[!z]*.v"), *HERE.glob("*.v")]:
        shutil.copy(file, folder)
    if fault:
        _, name, right, wrong, _ = fault
        text = (folder / name).read_text()
        if text.count(right) != 1:
            sys.exit(f"axi: {name} does not hold this once, so it cannot be broken there: {right}")
        (folder / name).write_text(text.replace(right, wrong))
    return folder


def run(bench, name, fault=None):
    """Builds and runs a bench, with a fault only its tests of heavy pauses; the numbers of its tests and of failures."""
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    rtl = sources(folder / "rtl", fault)
    top = BENCHES[bench]
    runner = get_runner("icarus")
    runner.build(sources=[rtl / f"{top}.v"], hdl_toplevel=top, build_args=["-g2005", f"-y{rtl}", f"-I{rtl}"],
                 build_dir=folder / "sim", timescale=("1ns", "1ps"), log_file=folder / "build.log")
    results = runner.test(test_module=f"test_{bench}", hdl_toplevel=top, build_dir=folder / "sim", test_dir=HERE,
                          results_xml=str(folder / "results.xml"), log_file=folder / "test.log", seed=1,
                          test_filter=r"share=0\.7" if fault else None,
                          extra_env={"SEIGO_RTL": str(rtl), "PYTHONPYCACHEPREFIX": str(OUT / "cache"),
                                     "PYTHONPATH": str(HERE), "PYTHONWARNINGS": "ignore"})
    return get_results(results)


def main():
    wanted = sys.argv[1:] or list(BENCHES)
    bad = 0
    for bench in wanted:
        start = time.monotonic()
        tests, failed = run(bench, bench)
        print(f"axi: {bench}: {tests} tests, {failed} failed, {time.monotonic() - start:.0f} s", flush=True)
        bad += failed or not tests
    for index, fault in enumerate(FAULTS):
        bench, file, _, _, what = fault
        if bench not in wanted:
            continue
        tests, failed = run(bench, f"{bench}.fault{index}", fault)
        found = failed > 0
        print(f"axi: {bench}: {what}: " + (f"found by {failed} of {tests} tests" if found else "NOT FOUND"), flush=True)
        bad += not found
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
