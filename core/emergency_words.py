"""The services to which a call of life and death is handed over: numbers that every telephone knows."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

SERVICES: Final[dict[str, str]] = {
    "110": "110 报警",
    "119": "119 火警",
    "120": "120 急救",
    "122": "122 交通事故",
}
"""Each is the code of its unit in the directory, where the number to dial stands."""


class ServiceRole(StrEnum):
    """Each service as a party of its own: a fire with injured people needs two of them in one conference."""

    POLICE = "emergency-110"
    FIRE = "emergency-119"
    AMBULANCE = "emergency-120"
    TRAFFIC = "emergency-122"


def role_of(service: str) -> ServiceRole:
    """The role of one of `SERVICES`."""
    return ServiceRole(f"emergency-{service}")


def service_of(role: str) -> str | None:
    """The service that a role is, or None."""
    _, _, service = role.partition("-")
    return service if is_emergency(role) and service in SERVICES else None


def is_emergency(role: str) -> bool:
    """Whether this is an emergency service: one of the four, or the one that a rule names beside them."""
    return role.partition("-")[0] == "emergency"
