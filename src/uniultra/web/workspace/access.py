"""Who may use the page: whoever has the one-time code of the address that `uniultra open` shows, and nobody
else in that browser.

The code is exchanged for a cookie, which scripts can't read, and a key, which the page sends as a header.
Both are needed for everything but the page's own files: a cookie alone goes to every server on this machine,
whatever its port.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

from uniultra.web.problems import Problem

Scope = MutableMapping[str, Any]
ENTER = "/v1/workspace/enter"
KEY_HEADER = "x-uniultra-key"
_SAFE = frozenset({"GET", "HEAD"})
_PUBLIC = frozenset({"/", ENTER, "/v1/health"})
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""Our own scripts alone, no frame around the page, and no text that becomes markup."""
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), usb=()"),
)
"""Of every answer of a server that has the page, beside `guard.SAFETY`."""


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass
class PageAccess:
    """The secrets of one run. `code` is good once."""

    code: str = field(default_factory=_secret, repr=False)
    key: str = field(default_factory=_secret, repr=False)
    cookie: str = field(default_factory=_secret, repr=False)
    used: bool = False

    def enter(self, code: str) -> None:
        """Takes the code. Raises Problem: token, where it is wrong or was used."""
        right = hmac.compare_digest(code.encode(), self.code.encode())
        if self.used or not right:
            raise Problem(
                "token",
                "this address has been used already, or is wrong; stop the command and start it again",
            )
        self.used = True

    def check(self, scope: Scope, headers: Mapping[str, str]) -> None:
        """Raises Problem for a request that isn't the page's own.

        `headers` by lower-case name; Host and Origin were compared before.
        """
        from_elsewhere = headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        if from_elsewhere and not _opens_a_tab(scope, headers):
            raise Problem(
                "origin", "requests from other pages are refused; open the address that `uniultra open` shows"
            )
        if scope["method"] not in _SAFE and "origin" not in headers:
            raise Problem("origin", "a request that changes something must state its origin; use the page")
        if scope["path"] in _PUBLIC or scope["path"].startswith("/static/"):
            return
        right = [
            hmac.compare_digest(_cookie(headers, cookie_name(scope)).encode(), self.cookie.encode()),
            hmac.compare_digest(headers.get(KEY_HEADER, "").encode(), self.key.encode()),
        ]
        if not all(right):
            raise Problem("token", "this tab isn't signed in; open the address that `uniultra open` shows")


def _opens_a_tab(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether a request is for the bare page in a tab of its own, to which any link may lead: the page holds
    nothing. A frame's destination is another one.
    """
    how = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
    return scope["method"] in _SAFE and scope["path"] == "/" and how == ("navigate", "document")


def cookie_name(scope: Scope) -> str:
    """Cookies are shared by all ports of a machine, so that each port has its own name."""
    return f"uniultra-{(scope.get('server') or ('', 0))[1]}"


def cookie_header(scope: Scope, value: str) -> str:
    return f"{cookie_name(scope)}={value}; HttpOnly; SameSite=Strict; Path=/"


def _cookie(headers: Mapping[str, str], name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value
