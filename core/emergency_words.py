"""The services to which a call of life and death is handed over: numbers that every telephone knows."""

from __future__ import annotations

from typing import Final

SERVICES: Final[dict[str, str]] = {
    "110": "110 报警",
    "119": "119 火警",
    "120": "120 急救",
    "122": "122 交通事故",
}
"""Each is the code of its unit in the directory, where the number to dial stands."""
