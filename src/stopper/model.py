"""The words that every part of the scanner shares: what a control is, what a witness says, what a scan found.

Everything here is frozen and made of the standard library. Values that reach these types are already redacted:
no token and no secret is ever held by a `Verdict`, a `Finding` or a `Report`.
"""

from __future__ import annotations

import datetime
import enum
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field


class Severity(enum.Enum):
    """How much a confirmed finding on a production route matters, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    ADVICE = "advice"

    @property
    def rank(self) -> int:
        """Return 0 for advice up to 4 for critical, so that severities compare."""
        return 4 - list(Severity).index(self)


class Witness(enum.Enum):
    """Who says so: the specification, the live wire, the source code or the running application."""

    SPEC = "spec"
    WIRE = "wire"
    SOURCE = "source"
    APP = "app"


class Strength(enum.Enum):
    """How far one verdict carries.

    PROVEN: an exchange or a run shows it. CLAIMED: a static witness reads it. PARTIAL: it reads it in a file of which
    only some lines can be read: a finding, but it confirms nothing. SUPPORTING: it counts only beside a verdict of
    another witness (a spoofed header over loopback, which a server may trust by default).
    """

    PROVEN = "proven"
    CLAIMED = "claimed"
    PARTIAL = "partial"
    SUPPORTING = "supporting"


class Status(enum.Enum):
    """What the witnesses make of a finding together."""

    CONFIRMED = "confirmed"
    SINGLE_WITNESS = "single witness"
    CONTRADICTED = "contradicted"


class Scope(enum.Enum):
    """What shares a control's live answer. IDENTITY: asked once and at the end, because it spends an identity."""

    OPERATION = "operation"
    GUARD = "guard"
    APPLICATION = "application"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One operation as every witness knows it: the join key.

    `path` is a template with its base path, parameters in braces (`/api/users/{id}`); `application` is empty
    when there is only one.
    """

    method: str
    path: str
    application: str = ""

    def __str__(self) -> str:
        """Return `GET /users/{id}`."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: a file relative to the scanned folder (or a URL), 1-based line and column.

    Line 0 means the whole document.
    """

    uri: str
    line: int = 0
    column: int = 0
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return `shop/api.py:12`."""
        return f"{self.uri}:{self.line}" if self.line else self.uri


@dataclass(frozen=True, slots=True)
class Positions:
    """How evenly a sample of tokens fills its positions; no value of any token is in it.

    `unit` is bit or character, `tokens` how many there are. `shares` holds, for each position, the share of the tokens
    in which its commonest value stood, whichever that is (1: it never changed). `even` is the share that every value
    would have by chance, `limit` the one that chance hardly exceeds.
    """

    unit: str
    tokens: int
    shares: tuple[float, ...]
    even: float
    limit: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One redacted piece of proof: a title and lines to show as they are.

    `command` repeats an exchange by hand (curl with `$TOKEN`); `path` is the flow through the code, first step first.
    `positions` is what a picture is drawn of.
    """

    title: str
    detail: str = ""
    command: str = ""
    path: tuple[tuple[Place, str], ...] = ()
    positions: Positions | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One witness's answer to one control: the promise is kept or broken, where, on which endpoints, by what evidence.

    `cause` groups live verdicts that share a root; empty means that each endpoint or place stands for itself.
    `witnesses` are those who speak together in a joint verdict; empty otherwise. `severity`, where given, replaces
    the control's own for this verdict (uuid4 as a token is low); `message` says why.
    """

    kept: bool
    message: str
    place: Place | None = None
    endpoints: tuple[Endpoint, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    strength: Strength = Strength.CLAIMED
    cause: str = ""
    severity: Severity | None = None
    witnesses: tuple[Witness, ...] = ()


@dataclass(frozen=True, slots=True)
class Control:
    """One promise that a bearer-token API must keep; the catalogue holds one per folder.

    `implied_by` are ids of broader controls: proven at the same endpoint, they take this one's findings in.
    `guard` names the function of `stopper.guard` that keeps the promise (`transport.refuse`), where there is one.
    `scope` says what shares a live answer: each operation for itself, all operations behind one credential check, or
    the whole application; it decides how often mutants and probes are sent. `local`: one call or one assignment
    decides, so that its `source` hook may judge a file of which only some lines can be read.
    """

    id: str
    name: str
    severity: Severity
    title: str
    witnesses: str
    requirements: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    cwe: tuple[int, ...] = ()
    implied_by: tuple[str, ...] = ()
    guard: str = ""
    scope: Scope = Scope.GUARD
    local: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """A verdict with the control that asked and the witness that answered."""

    control: str
    witness: Witness
    verdict: Verdict


class Silencer(enum.Enum):
    """What suppresses a finding: a comment in the source, an entry in the specification or in a baseline file."""

    COMMENT = "comment"
    SPECIFICATION = "specification"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding does not count: who says so, for what reason, where it is written, until which day."""

    by: Silencer
    reason: str
    place: Place | None = None
    expires: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Ignore:
    """What asks to suppress controls: `# stopper: ignore[BT205] reason`, or `x-stopper-ignore` in a specification.

    It speaks for the lines `first` to `last` of its file (for none, where `last` is less), and for the `endpoints`.
    `controls` are the ids as they are written, none where it names none; without a `reason` it suppresses nothing.
    """

    place: Place
    first: int
    last: int
    controls: tuple[str, ...]
    reason: str
    by: Silencer = Silencer.COMMENT
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """An entry of a baseline: the finding of this fingerprint is known, for a reason, until a day (None: for good).

    `control` and `where` are for people: they say what the fingerprint stands for.
    """

    fingerprint: str
    control: str
    where: str
    reason: str
    expires: datetime.date | None = None


_COMMENT = re.compile(r"#\s*stopper:\s*ignore\b.*")


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise with one cause: every endpoint it touches and every witness that saw it.

    `folded` are narrower findings taken in by this one (Control.implied_by). `occurrence` numbers findings that are
    equal but for their line (two equal lines in a file), so that a baseline tells them apart. `suppression` says why a
    finding does not count, where it does not.
    """

    control: str
    name: str
    title: str
    severity: Severity
    status: Status
    message: str
    place: Place | None
    endpoints: tuple[Endpoint, ...]
    observations: tuple[Observation, ...]
    folded: tuple[Finding, ...] = ()
    occurrence: int = 1
    suppression: Suppression | None = None

    @property
    def witnesses(self) -> tuple[Witness, ...]:
        """Return the witnesses that saw it broken, folded findings included, in the enum's order."""
        seen = {o.witness for o in self.observations if not o.verdict.kept}
        for inner in self.folded:
            seen.update(inner.witnesses)
        return tuple(w for w in Witness if w in seen)

    @property
    def proven(self) -> bool:
        """Tell whether any broken verdict, folded ones included, was shown by an exchange or a run."""
        own = any(o.verdict.strength is Strength.PROVEN and not o.verdict.kept for o in self.observations)
        return own or any(inner.proven for inner in self.folded)

    @property
    def fingerprint(self) -> str:
        """Return 32 hex digits that stay the same while control, file, first endpoint and source text do.

        A comment that suppresses the finding is no part of the text: writing one makes no other finding of it.
        """
        anchor = self.place.uri if self.place else ""
        text = _COMMENT.sub("", self.place.text).strip() if self.place else ""
        first = str(min(self.endpoints)) if self.endpoints else ""
        number = str(self.occurrence) if self.occurrence > 1 else ""
        # A file's name need not be UTF-8: Python hands its bytes on as surrogates.
        data = "\0".join((self.control, anchor, text, first, number)).encode("utf-8", "surrogatepass")
        return hashlib.sha256(data).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that was not looked at, and why: a file, an operation, a control or a witness."""

    what: str
    why: str
    kind: str = "operation"


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that crashed: its control, what it looked at and the exception's type (never its text)."""

    control: str
    subject: str
    error: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was looked at, in numbers; `reached` and `eligible` count operations under the given permissions.

    `files_irrelevant` are source files in which nothing stands that any control looks at, `files_left_out` those of
    which nothing is said because they are tests or other people's code; what is neither of these nor analysed was not
    read.
    """

    operations_in_spec: int = 0
    operations: int = 0
    eligible: int = 0
    reached: int = 0
    files: int = 0
    files_analysed: int = 0
    requests: int = 0
    app_requests: int = 0
    seconds: float = 0.0
    witnesses: tuple[Witness, ...] = ()
    identity: bool = False
    controls_asked: tuple[str, ...] = ()
    files_irrelevant: int = 0
    files_left_out: int = 0


class Door(enum.Enum):
    """Who may come in, as one witness says; or why it says nothing."""

    PUBLIC = "public"
    """Everybody, or everybody who sends nothing (a credential is optional)."""
    UNGUARDED = "no guard seen"
    """Nothing that asks for a credential was recognised in the code: less than the statement that all are let in."""
    ANY_TOKEN = "any token"
    """Nobody without a token, and everybody with one, whatever stands in it."""
    BEARER = "bearer"
    OTHER = "other"
    """Another kind of credential: HTTP Basic, an API key, a session."""
    CLOSED = "closed"
    """A credential is asked for, and which kind is not known."""
    UNCLEAR = "unclear"
    """It was asked, or knows the endpoint, and makes no claim."""
    ABSENT = "absent"
    """It took part in the scan and does not know the endpoint."""
    NOT_ASKED = "not asked"
    """It took no part in the scan."""


class Agreement(enum.Enum):
    """What the witnesses' statements about one endpoint come to together, worst first."""

    DRIFT = "drift"
    ALONE = "one witness"
    SILENT = "nobody says"
    AGREED = "agreed"


@dataclass(frozen=True, slots=True)
class Saying:
    """Who may come in, as one witness says: by which kinds of credential, with which scopes, and how that was learnt.

    `doors` holds several where there are alternatives (a bearer token or an API key).
    """

    doors: tuple[Door, ...]
    how: str = ""
    scopes: tuple[str, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One endpoint of the auth matrix: what each witness says, and what that comes to; `why` says it in words."""

    endpoint: Endpoint
    sayings: Mapping[Witness, Saying]
    agreement: Agreement
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that a scan has to say. Reporters turn it into text and add nothing to it.

    `findings` are those that count, `suppressed` those that a comment or a baseline takes out of the count.
    `grade` is None when none is deserved, and `ungraded` then says why. `incomplete` says why the scan cannot count as
    done (exit 3), `partial` that it was interrupted. `notes` state what the scan learnt or assumed. `pages` maps
    control ids to their pages. `exit_code` is what the command will end with, where that is known. `matrix` says of
    each endpoint who may come in.
    """

    targets: tuple[str, ...]
    findings: tuple[Finding, ...]
    observations: tuple[Observation, ...]
    coverage: Coverage
    skips: tuple[Skip, ...] = ()
    failures: tuple[Failure, ...] = ()
    score: int | None = None
    grade: str | None = None
    ungraded: str = ""
    incomplete: str = ""
    partial: str = ""
    notes: tuple[str, ...] = ()
    controls: Mapping[str, Control] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    exit_code: int | None = None
    suppressed: tuple[Finding, ...] = ()
    matrix: tuple[MatrixRow, ...] = ()
