# Every target sets up what it needs: a fresh clone, Python 3.11 with venv, and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup check test demo real browser haproxy vectors museum museum-guard museum-source fuzz-jose requirements faults truth soak bench-source bench-wire bench-guard bench-guess bench-spec bench-sweep spec-suite integrations loop lock clean

setup: $(READY)

$(READY): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q -x /cases/ src
	touch $(READY)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/interrogate --quiet src/stopper

test: $(READY)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

demo: $(READY)
	$(BIN)/python -m scripts.demo

# APIS="openctf headless" scans these alone.
real: $(READY)
	$(BIN)/python -m scripts.real $(APIS)

# Needs chromium (on Debian: apt-get install chromium); REPORT=FILE.html is opened beside the samples.
browser: $(READY)
	REPORT=$(REPORT) $(BIN)/python scripts/browser.py

# Client certificates behind HAProxy, which is installed from Debian's packages where it is absent.
haproxy: $(READY)
	PATH="$$PATH:/usr/sbin"; command -v haproxy >/dev/null || apt-get install --yes --no-install-recommends haproxy
	$(BIN)/python -m pytest tests/guard/test_haproxy.py

# VECTORS=FOLDER names the folder of the Wycheproof files; default ../shared/vectors.
vectors: $(READY)
	$(BIN)/python scripts/vectors.py

# EXHIBITS="pyjwt_issuer default_key" scans these alone.
museum: $(READY)
	$(BIN)/python -m scripts.museum $(EXHIBITS)

museum-guard: $(READY)
	$(BIN)/python scripts/museum_guard.py

museum-source: $(READY)
	$(BIN)/python scripts/museum_source.py

# N=TOKENS makes more or fewer of them.
fuzz-jose: $(READY)
	$(BIN)/python scripts/fuzz_jose.py $(if $(N),--tokens $(N))

requirements: $(READY)
	$(BIN)/python scripts/requirements.py

# ROWS="80 81" runs these alone.
faults: $(READY)
	$(BIN)/python scripts/faults.py $(ROWS)

# SECONDS=N runs shorter or longer than a minute on each store.
soak: $(READY)
	$(BIN)/python -m scripts.soak $(SECONDS)

# CORPUS=DIR holds the repositories as OWNER+NAME; TRUTH=DIR the labels, default ../shared/truth.
truth: $(READY)
	$(BIN)/python scripts/truth.py $(CORPUS) $(TRUTH)

bench-source: $(READY)
	$(BIN)/python scripts/bench_source.py $(CORPUS)

bench-wire: $(READY)
	$(BIN)/python -m scripts.bench_wire

# TOKENS=N measures memory over so many distinct tokens (default 100,000).
bench-guard: $(READY)
	$(BIN)/python scripts/bench_guard.py $(if $(TOKENS),--tokens $(TOKENS))

bench-spec: $(READY)
	$(BIN)/python scripts/bench_spec.py

# N=DOCUMENTS makes up more or fewer than 2,000.
spec-suite: $(READY)
	$(BIN)/python -m scripts.spec_suite $(if $(N),--documents $(N))

bench-guess: $(READY)
	$(BIN)/python -m scripts.bench_guess

# MEMORY=1 sweeps a file of 2 GiB too.
bench-sweep: $(READY)
	$(BIN)/python -m scripts.bench_sweep $(if $(MEMORY),--memory)

# The pre-commit hook, the GitHub Action and the GitLab template, as their hosts run them.
integrations: $(READY)
	$(BIN)/python -m scripts.integrations

# Finding, repair, proof: the leaky shop and two projects of other people's.
loop: $(READY)
	$(BIN)/python -m scripts.loop

lock: $(READY)
	$(BIN)/python scripts/lock.py

clean:
	rm -rf $(VENV) .work
