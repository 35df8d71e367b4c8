"""Tokens that are bound to their sender's key: who shows which key, and whether it is the token's.

Loaded only where `STOPPER_DPOP` or `STOPPER_MTLS` is set.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace

from flask import Response, after_this_request

from stopper.guard import dpop, mtls, present, respond
from stopper.guard.gate import Passage, asked, passage
from stopper.guard.settings import Settings
from stopper.guard.token import Refresh, Token
from stopper.guard.tokens import Tokens, as_token


class BoundTokens:
    """What one application demands of the senders of tokens."""

    def __init__(self, tokens: Tokens) -> None:
        """Take the application's tokens."""
        self._settings: Settings = tokens.settings
        self._proofs = dpop.Proofs(self._settings, tokens.store) if self._settings.dpop else None
        read = present.bearer_or_dpop if self._proofs else present.bearer
        self._remembered = tokens.remembered(read, lambda token: None)  # which are looked at in every request

    # ----------------------------------------------------------------------- a token is used

    def presented(self, header: str) -> Token | None:
        """Return the token of an Authorization header, of the scheme DPoP too, if its sender shows what it is bound to.

        Returns None for other schemes. Raises what `Remembered.token` does, InvalidProof and StoreError.
        """
        with_proof = self._proofs is not None and present.is_dpop(header)
        way = _way()
        way.scheme = "DPoP" if with_proof else "Bearer"
        token = self._remembered.token(header)
        if token is None or not (with_proof or token.confirmation):
            return token
        try:
            self._check(way, token, header, with_proof)
        except respond.Refusal as refusal:
            refusal.token = token
            raise
        return token

    def _check(self, way: Passage, token: Token, header: str, with_proof: bool) -> None:
        bound_to = token.confirmation
        if with_proof != ("jkt" in bound_to):  # RFC 9449 §7.2: neither may pass for the other
            came = "with a proof" if with_proof else "without a proof"
            raise respond.InvalidToken(f"presented {came}, and bound to {' and '.join(bound_to) or 'nothing'}")
        if "x5t#S256" in bound_to and not _same(bound_to["x5t#S256"], self._certificate(way)):
            raise respond.InvalidToken("bound to another client certificate")
        if with_proof:
            self._check_proof(way, bound_to["jkt"], present.bearer_or_dpop(header) or "")

    def _check_proof(self, way: Passage, thumbprint: str, credential: str) -> None:
        proof = self._proof(way)
        if not _same(proof.thumbprint, thumbprint):
            raise respond.InvalidToken("bound to another key than the proof's")
        if not proof.is_for(credential):
            raise respond.InvalidProof("proof: ath is not of the token")
        self._use(way, proof)

    def _proof(self, way: Passage) -> dpop.Proof:
        """Return the proof of the request at hand: the one that was used for it already, or one not used yet."""
        assert self._proofs is not None
        return way.proof or self._proofs.read(asked().environ, way.channel)

    def _use(self, way: Passage, proof: dpop.Proof) -> None:
        """Use a proof, once for all that one request asks; it comes last, so that strangers fill no store."""
        assert self._proofs is not None
        if way.proof is None:
            self._proofs.use(proof)
            way.proof = proof
            if successor := self._proofs.nonces.successor(proof.nonce):
                _send_nonce(successor)

    def _certificate(self, way: Passage) -> str:
        return mtls.thumbprint(asked().environ, way.channel, self._settings) if self._settings.mtls else ""

    # ----------------------------------------------------------------------- a token is given out

    def confirmation(self) -> Mapping[str, str]:
        """Return what the sender of the request at hand shows, which new tokens are bound to; nothing is `{}`.

        Raises InvalidProof for a proof that does not hold, or where nothing is shown and every token must be bound.
        """
        way, shown = _way(), {}
        try:
            if self._proofs is not None and "HTTP_DPOP" in asked().environ:
                proof = self._proof(way)
                self._use(way, proof)
                shown["jkt"] = proof.thumbprint
            elif self._proofs is not None and self._settings.bound and not self._settings.mtls:
                raise respond.InvalidProof("no proof")
        except respond.InvalidProof as refusal:
            refusal.code, refusal.challenges = 400, False  # RFC 9449 §5, as RFC 6749 §5.2
            raise
        if certificate := self._certificate(way):
            shown["x5t#S256"] = certificate
        if self._settings.bound and not shown:
            raise respond.InvalidRequest("A client certificate or a DPoP proof is needed.", "nothing to bind to")
        return shown

    # ----------------------------------------------------------------------- a request is refused

    def challenges(
        self, refusal: respond.Refusal, way: Passage, realm: str, resource_metadata: str
    ) -> list[tuple[str, str]]:
        """Return the WWW-Authenticate headers of a refusal, one for each scheme that would do (RFC 9449 §7.1)."""
        bearers = [] if (way.rule.bound and not self._settings.mtls) else ["Bearer"]
        schemes = [*bearers, *(["DPoP"] if self._proofs else [])]
        used = "DPoP" if isinstance(refusal, respond.InvalidProof) else way.scheme
        nothing_wrong = respond.Unauthenticated("", scopes=refusal.scopes)
        written = []
        for scheme in schemes:
            said = refusal if scheme == used or len(schemes) == 1 else nothing_wrong
            text = said.challenge(realm, resource_metadata, scheme)
            written.append(f'{text}, algs="{" ".join(dpop.ALGORITHMS)}"' if scheme == "DPoP" else text)
        return [("WWW-Authenticate", text) for text in written]


def rebound(refresh: Refresh, shown: Mapping[str, str], credential: str, authenticated: bool) -> Refresh:
    """Return a refresh token bound to what its sender shows; raise InvalidGrant where that is not what it is bound to.

    A client that has authenticated may change its keys, as its secret is what binds the token, but not do without
    (RFC 9449 §5, RFC 8705 §4); any other shows the same ones.
    """
    bound_to = refresh.confirmation
    holds = bound_to.keys() <= shown.keys() if authenticated else bound_to.items() <= shown.items()
    if not holds:
        raise respond.InvalidGrant("bound to a key that was not shown", as_token(refresh, credential))
    return replace(refresh, claims={**refresh.claims, "cnf": dict(shown)}) if shown else refresh


def _way() -> Passage:
    way = passage()
    assert way is not None  # as the gate has let the request in
    return way


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _send_nonce(nonce: str) -> None:
    @after_this_request
    def send(response: Response) -> Response:
        response.headers["DPoP-Nonce"] = nonce
        return response
