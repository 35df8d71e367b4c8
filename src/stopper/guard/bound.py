"""Tokens that are bound to their sender's key: who shows which key, and whether it is the token's.

Loaded only where `STOPPER_DPOP` or `STOPPER_MTLS` is set.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace

from flask import Response, after_this_request

from stopper.guard import dpop, mtls, present, respond
from stopper.guard.gate import PASSAGE, Passage, asked
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
        way: Passage = asked().environ[PASSAGE]
        proofs = self._proofs if present.is_dpop(header) else None
        way.scheme = "DPoP" if proofs else "Bearer"
        token = self._remembered.token(header)
        if token is None or not (proofs or token.confirmation):
            return token
        try:
            self._check(way, token, header, proofs)
        except respond.Refusal as refusal:
            refusal.token = token
            raise
        return token

    def _check(self, way: Passage, token: Token, header: str, proofs: dpop.Proofs | None) -> None:
        """Hold what a token is bound to against what its sender shows; `proofs` where it came with the scheme DPoP."""
        bound_to = token.confirmation
        if bool(proofs) != ("jkt" in bound_to):  # RFC 9449 §7.2: neither may pass for the other
            came = "with a proof" if proofs else "without a proof"
            raise respond.InvalidToken(f"presented {came}, and bound to {' and '.join(bound_to) or 'nothing'}")
        if "x5t#S256" in bound_to and not _same(bound_to["x5t#S256"], self._certificate(way)):
            raise respond.InvalidToken("bound to another client certificate")
        if proofs is not None:
            proof = _proof(proofs, way)
            if not _same(proof.thumbprint, bound_to["jkt"]):
                raise respond.InvalidToken("bound to another key than the proof's")
            if not proof.is_for(present.bearer_or_dpop(header) or ""):
                raise respond.InvalidProof("proof: ath is not of the token")
            _use(proofs, way, proof)

    def _certificate(self, way: Passage) -> str:
        return mtls.thumbprint(asked().environ, way.channel, self._settings) if self._settings.mtls else ""

    # ----------------------------------------------------------------------- a token is given out

    def confirmation(self, way: Passage) -> Mapping[str, str]:
        """Return what the sender of the request at hand shows, which new tokens are bound to; nothing is `{}`.

        Raises InvalidProof for a proof that does not hold, or where nothing is shown and every token must be bound.
        """
        shown = {}
        if self._proofs is not None and "HTTP_DPOP" in asked().environ:
            try:
                proof = _proof(self._proofs, way)
                _use(self._proofs, way, proof)
            except respond.InvalidProof as refusal:
                raise _at_issue(refusal) from None
            shown["jkt"] = proof.thumbprint
        if certificate := self._certificate(way):
            shown["x5t#S256"] = certificate
        if self._settings.bound and not shown:
            if not self._settings.mtls:
                raise _at_issue(respond.InvalidProof("no proof"))
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


def _proof(proofs: dpop.Proofs, way: Passage) -> dpop.Proof:
    """Return the proof of the request at hand: the one that was used for it already, or one not used yet."""
    return way.proof or proofs.read(asked().environ, way.channel)


def _use(proofs: dpop.Proofs, way: Passage, proof: dpop.Proof) -> None:
    """Use a proof, once for all that one request asks; it comes last, so that strangers fill no store."""
    if way.proof is None:
        proofs.use(proof)
        way.proof = proof
        if successor := proofs.nonces.successor(proof.nonce):
            _send_nonce(successor)


def _at_issue(refusal: respond.InvalidProof) -> respond.InvalidProof:
    """Return the refusal as it is answered where a token is asked for (RFC 9449 §5, RFC 6749 §5.2)."""
    refusal.code, refusal.challenges = 400, False
    return refusal


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _send_nonce(nonce: str) -> None:
    @after_this_request
    def send(response: Response) -> Response:
        response.headers["DPoP-Nonce"] = nonce
        return response
