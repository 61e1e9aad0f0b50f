"""The words of an ifconfig(8) command line, sorted by meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

STATES = {"init": "INIT", "backup": "BACKUP", "master": "MASTER"}


class Refused(Exception):
    """What ifconfig says before it gives up."""


@dataclass
class Words:
    """The words behind the interface's name, sorted by meaning."""

    groups: dict[str, str] = field(default_factory=dict)
    """vhid, advbase, advskew, pass, state as given."""
    address: str = ""
    prefix: int = 0
    alias: bool = False
    remove: bool = False
    flags: list[str] = field(default_factory=list)
    """up, down, create, destroy, promisc, -promisc, in order."""


def sort_words(rest: list[str]) -> Words:
    """Part the words as ifconfig's table of commands does; what it does not know is an address."""
    found, words = Words(), list(rest)
    while words:
        word = words.pop(0)
        if word in ("vhid", "advbase", "advskew", "pass", "state", "netmask", "broadcast", "mtu"):
            if not words:
                raise Refused(f"'{word}' requires argument")
            _value(found, word, words.pop(0))
        elif word in ("alias", "add"):
            found.alias = True
        elif word in ("-alias", "delete", "remove"):
            found.remove = True
        elif word in (
            "up",
            "down",
            "promisc",
            "-promisc",
            "create",
            "destroy",
            "plumb",
            "unplumb",
        ):
            word = {"plumb": "create", "unplumb": "destroy"}.get(word, word)
            found.flags.append(word)
        elif word != "inet":
            _address(found, word)
    return found


def _value(found: Words, word: str, value: str) -> None:
    if word == "netmask":
        try:
            mask = int(value, 16) if value.startswith("0x") else int(ip_address(value))
        except ValueError:
            raise Refused(f"{value}: bad value") from None
        found.prefix = mask.bit_count()
        return
    if word == "state" and value.lower() not in STATES:
        raise Refused("unknown state")
    if word == "vhid" and not (value.isdigit() and 1 <= int(value) <= 255):
        raise Refused("vhid must be greater than 0 and less than 255")
    if word in ("vhid", "advbase", "advskew", "pass", "state"):
        found.groups[word] = value


def _address(found: Words, word: str) -> None:
    address, _, length = word.partition("/")
    try:
        ip_address(address)
    except ValueError:
        raise Refused(f"{word}: bad value") from None
    found.address = address
    found.prefix = int(length) if length.isdigit() else found.prefix
