"""The hostile servers, for the command as well."""

from __future__ import annotations

from tests.hostile.conftest import hostile

__all__ = ["hostile"]
