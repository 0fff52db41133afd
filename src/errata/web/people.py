"""Who is at the door: names, tokens, sessions, and posts that come from our own pages.

On loopback a person says a name and is believed, since whoever reaches the port owns the machine. On any other
address a person comes by a link with a token of their own. A session is a signed cookie.
"""

import hashlib
import hmac
import ipaddress
import unicodedata
from collections.abc import Mapping
from urllib.parse import urlsplit

from errata.errors import UsageError

MOST_NAME = 40
LOCAL = ("localhost", "127.0.0.1", "[::1]")


class People:
    """Those who may answer."""

    def __init__(self, secret: bytes, tokens: Mapping[str, str] | None, hosts: frozenset[str] | None) -> None:
        """tokens: by name, or None where people say their names. hosts: those that may be asked for; None: any."""
        self._secret = secret
        self._tokens = tokens
        self._hosts = hosts
        self.cookie = f"errata-{hashlib.sha256(secret).hexdigest()[:8]}"
        """Cookies do not know ports, so each run's has a name of its own."""

    @property
    def by_token(self) -> bool:
        return self._tokens is not None

    def welcome(self, host: str) -> bool:
        """Whether a request asked for us: another site's name that was made to point here is not ours."""
        return self._hosts is None or host.lower() in self._hosts

    def ours(self, host: str, origin: str | None, mark: str, name: str) -> bool:
        """Whether a post comes from a page of ours that this person has open."""
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return False
        return hmac.compare_digest(mark.encode("utf-8", "replace"), self.mark(name).encode())

    def mark(self, name: str) -> str:
        """What a person's pages show with every post; no other site can read it."""
        return self._sign("post", name)

    def session(self, name: str) -> str:
        """The cookie's value."""
        return f"{name.encode().hex()}.{self._sign('session', name)}"

    def known(self, cookie: str | None) -> str:
        """The person whose session it is; empty for none, for a forged one and for one whose token is gone."""
        encoded, _, _ = (cookie or "").partition(".")
        try:
            name = bytes.fromhex(encoded).decode()
        except ValueError:
            return ""
        if not hmac.compare_digest((cookie or "").encode("utf-8", "replace"), self.session(name).encode()):
            return ""
        return name if self._tokens is None or name in self._tokens else ""

    def bearer(self, token: str) -> str:
        """The person whose token it is; empty for none."""
        given = token.encode("utf-8", "replace")
        found = [name for name, own in (self._tokens or {}).items() if hmac.compare_digest(given, own.encode())]
        return found[0] if found else ""

    def _sign(self, what: str, name: str) -> str:
        # A token that was given anew ends the sessions that the old one began.
        token = (self._tokens or {}).get(name, "")
        return hmac.new(self._secret, "\0".join((what, name, token)).encode(), hashlib.sha256).hexdigest()


def named(name: str) -> str:
    """A name as it is kept. UsageError for what is no name."""
    kept = " ".join(unicodedata.normalize("NFC", name).split())
    letters = all(character in " .'-_" or unicodedata.category(character)[0] in "LMN" for character in kept)
    if not letters or not kept[:1].isalnum() or len(kept) > MOST_NAME:
        raise UsageError(f"name: 1 to {MOST_NAME} letters, digits, spaces, dots, hyphens; a letter or digit first")
    return kept


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def local_hosts(host: str, port: int) -> frozenset[str]:
    """Every way to write a loopback address and its port in a request."""
    literal = f"[{host}]" if ":" in host else host
    names = {*LOCAL, literal.lower()}
    return frozenset(f"{name}:{port}" for name in names) | frozenset(names if port == 80 else ())
