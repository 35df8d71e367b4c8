"""Random reports full of hostile texts."""

from __future__ import annotations

from hypothesis import strategies as st

from stopper.model import (
    Agreement,
    Control,
    Coverage,
    Door,
    Endpoint,
    Evidence,
    Failure,
    Finding,
    MatrixRow,
    Observation,
    Place,
    Positions,
    Report,
    Saying,
    Severity,
    Silencer,
    Skip,
    Status,
    Strength,
    Suppression,
    Verdict,
    Witness,
)

HOSTILE = (
    "\x1b[2J\x1b]52;c;cm0gLXJm\x07",
    "\x1b]8;;https://evil.test\x1b\\click\x1b]8;;\x1b\\",
    "\x9b31m",
    "[bold red]markup[/bold red] [/] :skull: [link=x]",
    "\u202egnp.exe\u2066",
    "a\r\nFAKE CLEAN RESULT\n",
    "\udcff\ud800.py",
    "[x](https://evil.test) {0} <script>alert(1)</script>",
    "javascript:alert(1)",
    "//evil.test/x y?#%zz",
    "\x00\t\x7f\u2028\U000e0041",
    "日本語" * 40,
    "e\u0301" * 50,
    "x" * 5_000,
    "curl -H 'a\nb' \"$(id)\" 'unclosed",
)
TEXT = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=30), st.text(max_size=5))
NUMBER = st.integers(0, 10**9)


def _several(item: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(item, max_size=3).map(tuple)


ENDPOINTS = _several(st.builds(Endpoint, TEXT, TEXT, TEXT))
PLACES = st.builds(Place, TEXT, NUMBER, NUMBER, TEXT)
SHARES = st.lists(st.floats(0, 1), max_size=70).map(tuple)
POSITIONS = st.builds(
    Positions, st.sampled_from(("bit", "character")), NUMBER, SHARES, st.floats(0, 1), st.floats(0, 1)
)
EVIDENCE = st.builds(Evidence, TEXT, TEXT, TEXT, _several(st.tuples(PLACES, TEXT)), st.none() | POSITIONS)
VERDICTS = st.builds(
    Verdict,
    st.booleans(),
    TEXT,
    st.none() | PLACES,
    ENDPOINTS,
    _several(EVIDENCE),
    st.sampled_from(Strength),
    TEXT,
    st.none() | st.sampled_from(Severity),
    _several(st.sampled_from(Witness)),
)
OBSERVATIONS = st.builds(Observation, TEXT, st.sampled_from(Witness), VERDICTS)


SUPPRESSIONS = st.builds(
    Suppression, st.sampled_from(Silencer), TEXT.filter(bool), st.none() | PLACES, st.none() | st.dates()
)


def _findings(folded: st.SearchStrategy[tuple[object, ...]]) -> st.SearchStrategy[Finding]:
    return st.builds(
        Finding,
        TEXT,
        TEXT,
        TEXT,
        st.sampled_from(Severity),
        st.sampled_from(Status),
        TEXT,
        st.none() | PLACES,
        ENDPOINTS,
        _several(OBSERVATIONS),
        folded,
        suppression=st.none() | SUPPRESSIONS,
    )


FINDINGS = _findings(_several(_findings(st.just(()))))
CONTROLS = st.builds(
    Control, TEXT, TEXT, st.sampled_from(Severity), TEXT, TEXT, cwe=_several(st.integers(1, 2000)), guard=TEXT
)
COVERAGE = st.builds(
    Coverage,
    NUMBER,
    NUMBER,
    NUMBER,
    NUMBER,
    NUMBER,
    NUMBER,
    NUMBER,
    NUMBER,
    st.floats(0, 1e6),
    _several(st.sampled_from(Witness)),
    st.booleans(),
    _several(TEXT),
    files_left_out=NUMBER,
)

SAYINGS = st.builds(
    Saying, st.lists(st.sampled_from(Door), min_size=1, max_size=2).map(tuple), TEXT, _several(TEXT), st.none() | PLACES
)
ROWS = st.builds(
    MatrixRow,
    st.builds(Endpoint, TEXT, TEXT, TEXT),
    st.dictionaries(st.sampled_from(Witness), SAYINGS),
    st.sampled_from(Agreement),
    TEXT,
)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Draw a report; one with a grade has no reason against it, as the engine makes them."""
    ungraded = draw(TEXT)
    controls = {control.id: control for control in draw(st.lists(CONTROLS, max_size=3))}
    return Report(
        targets=draw(_several(TEXT)),
        findings=draw(_several(FINDINGS)),
        suppressed=draw(_several(FINDINGS)),
        observations=draw(_several(OBSERVATIONS)),
        coverage=draw(COVERAGE),
        skips=draw(_several(st.builds(Skip, TEXT, TEXT, TEXT))),
        failures=draw(_several(st.builds(Failure, TEXT, TEXT, TEXT))),
        score=None if ungraded else draw(st.integers(0, 100)),
        grade=None if ungraded else draw(st.sampled_from("ABCDF")),
        ungraded=ungraded,
        incomplete=draw(TEXT),
        partial=draw(TEXT),
        notes=draw(_several(TEXT)),
        controls=controls,
        pages=dict.fromkeys(controls, draw(TEXT)),
        version=draw(TEXT),
        exit_code=draw(st.none() | st.integers(0, 255)),
        matrix=draw(_several(ROWS)),
    )
