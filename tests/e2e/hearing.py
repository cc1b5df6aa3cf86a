"""Who hears whom, by the tones in what each telephone recorded.

A busy machine carries sound late and with gaps, so nobody listens to one fixed moment: the telephones are
listened to piece after piece, until two in a row agree with what is expected.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from core.config import Settings
from ops.phone import PhoneDidNot, ScriptedPhone, read_wav, recorded_s, tone, tone_power
from tests.e2e.hotline import wait_for

HEARD: Final = 0.04
"""The share of a piece's energy that a tone has who is heard."""
SETTLE_S: Final = 0.8
"""By then what was said before has run out: 0.1 s wait in the recorder, up to 0.5 s in buffers on the way."""
LISTEN_S: Final = 0.5
"""One piece: long enough to tell tones apart that lie 20 Hz from each other."""
QUIET: Final = 80
"""Of 32767: what a line without anybody and without music stays below."""


def voice(files: Path, name: str, hz: float) -> dict[str, Any]:
    """What a phone plays and where it records."""
    said = tone(files / f"{name}-says.wav", hz=hz, seconds=10)
    return {"play": str(said), "loop": True, "record": str(hears_file(files, name))}


def hears_file(files: Path, name: str) -> Path:
    """Where that phone records."""
    return files / f"{name}-hears.wav"


def share(samples: np.ndarray[Any, Any], rate_hz: int, hz: float) -> float:
    """Share (0 to 1) of the energy within 15 Hz of `hz`; 0 for silence."""
    if float(np.abs(samples).max(initial=0)) < 200:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    near = np.abs(np.fft.rfftfreq(len(samples), 1 / rate_hz) - hz) <= 15
    return float(spectrum[near].sum()) / float(spectrum.sum())


def ever_heard(files: Path, name: str, tones: Mapping[str, float], from_s: float = 0.0) -> set[str]:
    """Whose tones this phone heard in its best second since then; to see that nobody was heard."""
    file = hears_file(files, name)
    return {who for who, hz in tones.items() if who != name and tone_power(file, hz, from_s=from_s) > HEARD}


class _Pieces:
    """One phone's recording, a piece at a time, beginning a while after now."""

    def __init__(self, files: Path, name: str, tones: Mapping[str, float], least: float) -> None:
        self._file = hears_file(files, name)
        self._tones = {who: hz for who, hz in tones.items() if who != name}
        self._least = least
        self._first_s = recorded_s(self._file) + SETTLE_S
        self.loud = False
        """Whether there was anything at all in the piece heard last."""

    def whole(self) -> bool:
        """Whether the piece has been recorded."""
        return recorded_s(self._file) >= self._first_s + LISTEN_S

    def heard(self) -> set[str]:
        """Whose tones are in it. The next piece begins at the end of what is recorded by now."""
        samples, rate_hz = read_wav(self._file)
        first = int(self._first_s * rate_hz)
        part = samples[first : first + int(LISTEN_S * rate_hz)]
        self._first_s = len(samples) / rate_hz
        self.loud = bool(np.abs(part).max(initial=0) > QUIET)
        return {who for who, hz in self._tones.items() if share(part, rate_hz, hz) > self._least}


def only_hear(
    files: Path,
    wanted: Mapping[str, set[str]],
    tones: Mapping[str, float],
    *,
    least: float = HEARD,
    timeout_s: float = 30.0,
) -> None:
    """Listen until each named phone hears just those, in two whole pieces running.

    Raises:
        AssertionError: with what each piece had, when they do not come to that.
    """
    phones = {name: _Pieces(files, name, tones, least) for name in wanted}
    pieces: list[dict[str, set[str]]] = []

    def agrees() -> bool:
        if not all(phone.whole() for phone in phones.values()):
            return False
        pieces.append({name: phone.heard() for name, phone in phones.items()})
        return pieces[-2:] == [wanted, wanted]

    try:
        wait_for("two such pieces", agrees, timeout_s)
    except AssertionError:
        raise AssertionError(f"not {dict(wanted)} in two pieces running; piece by piece: {pieces}") from None


def only_music(files: Path, name: str, tones: Mapping[str, float], timeout_s: float = 30.0) -> None:
    """Listen until this phone hears something that is nobody's tone, in two whole pieces running.

    Raises:
        AssertionError: when it does not come to that.
    """
    phone = _Pieces(files, name, tones, HEARD)
    pieces: list[tuple[bool, set[str]]] = []

    def agrees() -> bool:
        if not phone.whole():
            return False
        heard = phone.heard()
        pieces.append((phone.loud, heard))
        return pieces[-2:] == [(True, set())] * 2

    try:
        wait_for("two such pieces", agrees, timeout_s)
    except AssertionError:
        raise AssertionError(f"no music at {name}; loud, and whom, piece by piece: {pieces}") from None


@contextmanager
def explained(phones: Mapping[str, ScriptedPhone], rx: Callable[[str], str]) -> Iterator[None]:
    """Who is not heard is looked for while the calls stand: at each telephone, and on both sides in Asterisk.

    Raises:
        AssertionError: the one that was raised inside, with what was found.
    """
    try:
        yield
    except AssertionError as silence:
        for name, phone in phones.items():
            silence.add_note(f"--- {name}\n{_described(phone)}")
        for command in ("pjsip show channelstats", "core show channels concise", "bridge show all"):
            silence.add_note(f"--- {command}\n{rx(command)}")
        for row in rx("core show channels concise").splitlines():
            silence.add_note(rx(f"core show channel {row.partition('!')[0]}"))
        raise


def _described(phone: ScriptedPhone) -> str:
    try:
        found = phone.describe()
    except PhoneDidNot as nothing:
        return str(nothing)
    return "\n".join([found["call"], *found["ports"]])


def longest_quiet_s(files: Path, name: str, from_s: float = 0.0) -> float:
    """The longest time this phone heard nothing at all, to a tenth of a second."""
    samples, rate_hz = read_wav(hears_file(files, name))
    part = rate_hz // 10
    starts = range(int(from_s * rate_hz), len(samples) - part, part)
    loud = [bool(np.abs(samples[at : at + part]).max() > QUIET) for at in starts]
    return max((len(list(run)) for is_loud, run in groupby(loud) if not is_loud), default=0) / 10


def both_sides(settings: Settings, call_id: str, folder: Path) -> dict[str, Path]:
    """The call's own recording, which is ready: what the caller said, and what he heard."""
    with closing(sqlite3.connect(settings.state_dir / "minsheng.db", timeout=10)) as rows:
        query = "SELECT joined_file FROM recordings WHERE call_id = ?"
        (name,) = rows.execute(query, (call_id,)).fetchone()
    samples, rate_hz = soundfile.read(settings.recordings_dir / name, dtype="int16")
    sides = {"said": folder / "said.wav", "heard": folder / "heard-recorded.wav"}
    for number, file in enumerate(sides.values()):
        soundfile.write(file, samples[:, number], rate_hz)
    return sides
