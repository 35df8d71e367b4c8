"""The well-known laboratories of JWT flaws: each is solved, and its mended twin gives no finding of the kind."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask import Flask

from stopper.controls import catalogue
from stopper.engine import Inputs, Limits, Scan, Target
from stopper.io.app_runner import described
from stopper.io.listener import LoopbackListener
from stopper.model import Report, Witness
from stopper.observe.app.snapshot import snapshot
from stopper.observe.views import AppSnapshot, Credential
from stopper.observe.wire.jwt import parse
from stopper.secret import Secret
from tests.cases import InProcess
from tests.labs.apps import LABS, STRONG, WITHOUT_EFFECT, Decoder, Lab, served, shared

NAMES = [pytest.param(lab, id=lab.name) for lab in LABS]

NOT_OF_THE_LAB = {"BT101", "BT102", "BT106", "BT112", "BT413", "BT418", "BT426", "BT427", "BT605", "BT610"}
"""What is true of every laboratory: plain HTTP is served, without HSTS, PyJWT takes other spellings, no challenge."""


def scanned(lab: Lab, decode: Decoder) -> Report:
    """Scan a laboratory with the whole catalogue, logging in as its users do, and with nothing else known of it."""
    app = served(lab, decode)

    async def login(transport: object, base: str) -> Credential:
        token = lab.issue()
        return Credential(Secret(token), jwt=parse(token), disposable=True)

    with LoopbackListener() as documents:
        target = Target(Witness.WIRE, InProcess(app), "https://lab.test", logins=(login,), documents=documents)
        inputs = Inputs(("lab",), snapshot=_seen(app), live=(target,))
        return asyncio.run(Scan(inputs, dict(catalogue()), Limits(), lambda event: None).run())


def _seen(app: Flask) -> AppSnapshot:
    """Return the routes alone: what else the application says of itself is no matter of these laboratories."""
    empty: dict[str, Any] = {"config": [], "versions": {}, "logs": [], "fault": None, "paths": [], "notes": []}
    return snapshot(described(app, app) | empty, "lab:app", Path(__file__).parent)


def found(report: Report) -> set[str]:
    """Return the controls that a report finds broken, folded ones left out, those of every laboratory too."""
    return {finding.control for finding in report.findings} - NOT_OF_THE_LAB


@pytest.mark.parametrize("lab", NAMES)
def test_laboratory_is_solved(lab: Lab) -> None:
    """The flaw is found, as a proof on the wire, and it is the only one of its kind."""
    report = scanned(lab, lab.flawed)
    assert not report.incomplete
    assert found(report) == {lab.control}
    assert all(finding.proven for finding in report.findings if finding.control == lab.control)


@pytest.mark.parametrize("lab", NAMES)
def test_twin_is_silent(lab: Lab) -> None:
    """With the decoder mended nothing of it is found."""
    mended = replace(lab, issue=shared(STRONG)) if lab.control == "BT208" else lab
    report = scanned(mended, mended.right)
    assert not report.incomplete
    assert found(report) == set()


@pytest.mark.parametrize("lab", [pytest.param(lab, id=lab.name) for lab in WITHOUT_EFFECT])
@pytest.mark.parametrize("crashes", [False, True])
def test_a_fault_without_effect_is_not_reported(lab: Lab, crashes: bool) -> None:
    """A planted fault that the library refuses to be misled by is no finding, whether it ends in a 401 or in a 500."""

    def falls_over(token: str) -> Mapping[str, Any]:
        try:
            return lab.flawed(token)
        except jwt.InvalidKeyError as error:
            raise RuntimeError("something went wrong") from error

    report = scanned(lab, falls_over if crashes else refusing(lab.flawed))
    assert not report.incomplete
    assert found(report) == set()


def refusing(decode: Decoder) -> Decoder:
    """Return a decoder whose errors about keys are refusals."""

    def decoded(token: str) -> Mapping[str, Any]:
        try:
            return decode(token)
        except jwt.PyJWTError as error:
            raise ValueError("refused") from error

    return decoded
