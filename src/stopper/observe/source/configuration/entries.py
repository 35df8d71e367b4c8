"""The words of a configuration file: its entries, and what the file is for."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from stopper.model import Place
from stopper.secret import Secret


class UnreadableConfigurationError(ValueError):
    """The bytes are no configuration of their kind; the text says why and quotes nothing of them."""


class Serves(enum.Enum):
    """What a configuration file is for, as its path tells."""

    RUNNING = "the program runs with it"
    DEVELOPMENT = "it is for the developer's own machine"
    COPYING = "it is a template: people copy it and fill it in"


@dataclass(frozen=True, slots=True)
class Entry:
    """A name with its value, both as they are written; `place` shows nothing of the value.

    `default` says that the value only stands in for a variable that is not set (`${KEY:-value}`).
    """

    name: str
    value: Secret = field(repr=False)
    place: Place
    default: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """One file of settings. `committed` is False where git leaves it out; `unread` says what could not be read.

    `environment` says that its entries are environment variables: a .env file, a service's environment.
    """

    path: str
    entries: tuple[Entry, ...]
    serves: Serves = Serves.RUNNING
    committed: bool = True
    environment: bool = False
    unread: tuple[str, ...] = ()
