"""Whether the phone of a seat, or a leader, that talks is still the one that it began to talk with. Pure."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping

Contacts = Mapping[str, frozenset[str]]
"""Addresses by endpoint, as registered."""
_NONE: frozenset[str] = frozenset()


class ContactWatch:
    """Addresses by talk: those of the first look in which it talks.

    Not those of the look before: a seat that registers anew and answers between two looks talks with its new
    address. Where the first look finds none, the one before says what went.
    """

    def __init__(self) -> None:
        self._before: Contacts = {}
        self._began: dict[Hashable, frozenset[str]] = {}

    def lost(self, talk: Hashable, name: str, contacts: Contacts) -> bool:
        """Whether none of the addresses that this talk began with is there any more."""
        has = contacts.get(name, _NONE)
        began = self._began.get(talk) or has or self._before.get(name, _NONE)
        if began:
            self._began[talk] = began
        return bool(began) and not began & has

    def looked(self, contacts: Contacts, talks: Collection[Hashable]) -> None:
        """The look is over; these talk on, and whoever else talks later begins anew.

        Last of all: a look that the database cut short is taken again, or the loss would never be seen.
        """
        self._before = contacts
        self._began = {talk: began for talk, began in self._began.items() if talk in talks}
