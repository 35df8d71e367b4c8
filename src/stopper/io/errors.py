"""What the client raises, apart from it: who only names these errors need not load its libraries."""

from __future__ import annotations


class CertificateFileError(Exception):
    """The file of `--ca-file` cannot be read or holds no certificate."""


class TransportError(Exception):
    """Something that came instead of an answer, in stable words ("timeout", "refused", "tls: certificate expired")."""


class ClosedEarlyError(TransportError):
    """The connection ended before the answer did: the one failure that a GET is repeated for."""
