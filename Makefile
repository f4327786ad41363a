# PartialSeg from a checkout. Every target sets up what it needs in .venv, once; plain `make` says what there is.
#
#   make clean run PYTHON=python3.12    another Python (3.10 or newer)
#   make run INPUT="my ct.nii.gz"       another volume (a file or a DICOM folder) than the sample
#   make run SLICER=/opt/Slicer/Slicer  the 3D Slicer that the last line should open the result with
#   make test JOBS=8                    as many test files at a time (2 unless said otherwise)
#   make bench BENCH="--only loss"      part of the benchmark; BENCH=--help lists what there is

SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install -c requirements/pins.txt
CLI := $(PY) -m PartialSegLib.cli
OUTPUT := output
JOBS := 2

# An environment does not survive being moved: forget what was installed when the folder has another name now.
ifneq ($(shell cat $(VENV)/home 2>/dev/null),$(CURDIR))
$(shell rm -f $(VENV)/*.stamp)
endif

.DEFAULT_GOAL := help
.PHONY: help run test app screenshots bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/run.stamp ## segment a sample CT and show what was found; results go to output/
	@if [ -n "$(INPUT)" ]; then input="$(INPUT)"; else input="$$($(CLI) sample --quiet)"; fi && \
	$(CLI) segment "$$input" --output $(OUTPUT)/segmentation.seg.nrrd \
	    --statistics $(OUTPUT)/statistics.csv --preview $(OUTPUT)/preview.png --overwrite

test: $(VENV)/test.stamp ## lint, types and all tests
	@sh requirements/system.sh $$($(PY) -m Testing.host.libraries)
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest Testing/unit --numprocesses $(JOBS) --dist loadfile
	$(PY) -m pytest Testing/gui # one window for all of them: one after the other

app: $(VENV)/test.stamp ## open the module in a stand-in for 3D Slicer (VOLUME=file shows that volume)
	@sh requirements/system.sh $$($(PY) -m Testing.host.libraries screen)
	$(PY) -m Testing.host $(if $(VOLUME),--volume "$(VOLUME)")

screenshots: $(VENV)/test.stamp ## draw the pictures of the tutorial anew, from the running module
	@sh requirements/system.sh $$($(PY) -m Testing.host.libraries)
	$(PY) -m Testing.tutorial docs/tutorial

bench: $(VENV)/bench.stamp ## time and memory against nnU-Net and MONAI
	@sh requirements/system.sh $$($(PY) -m Testing.host.libraries)
	$(PY) -m Testing.benchmarks $(BENCH)

clean: ## remove .venv and what the tools cached (results in output/ stay)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

$(VENV)/run.stamp: pyproject.toml requirements/pins.txt
	@$(call create_venv)
	$(PIP) -e ".[fast]"
	@$(call mark)

$(VENV)/test.stamp: pyproject.toml requirements/pins.txt
	@$(call create_venv)
	$(PIP) -e ".[fast,train,text,board,dicom,host,test]"
	@$(call mark)

$(VENV)/bench.stamp: pyproject.toml requirements/pins.txt
	@$(call create_venv)
	$(PIP) -e ".[fast,train,host,bench]"
	@$(call mark)

# A working .venv is kept; a missing, broken or too old one is made anew with the first suitable Python.
define create_venv
new='import sys; sys.exit(sys.version_info < (3, 10))'; \
if ! $(PY) -c "$$new" 2>/dev/null; then \
    for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.10); do \
        if "$$python" -c "$$new" 2>/dev/null; then found="$$python"; break; fi; \
    done; \
    if [ -z "$$found" ]; then \
        echo "make: no Python 3.10 or newer found; install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; \
    fi; \
    echo "Creating $(VENV) with $$found; installing takes a few minutes the first time."; \
    if ! "$$found" -m venv --clear $(VENV); then \
        echo "make: $$found cannot create environments; on Debian and Ubuntu install python3-venv" >&2; exit 1; \
    fi; \
fi
endef

define mark
printf '%s\n' "$(CURDIR)" > $(VENV)/home; touch $@
endef
