"""What passes the gate is the stream itself at its own place, and word times survive skipped silence."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from transcription.ear import Ear, Line
from transcription.recognizer import Guess, Settled, Word
from transcription.voice_gate import FRAME_BYTES, FRAME_S, TimeMap, VoiceGate

HANG, PRE_ROLL = 25, 15
runs = st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=10)
sizes = st.lists(st.integers(50, 5 * FRAME_BYTES), min_size=1, max_size=20)


def stream(runs):
    """Frames that carry their own number (from 1), and which of them are voiced."""
    voiced = [is_voiced for is_voiced, length in runs for _ in range(length)]
    frames = [(number + 1).to_bytes(2, "little") * (FRAME_BYTES // 2) for number in range(len(voiced))]
    return frames, voiced


def split(pcm, sizes):
    at, turn = 0, 0
    while at < len(pcm):
        step = sizes[turn % len(sizes)]
        yield pcm[at : at + step]
        at, turn = at + step, turn + 1


def numbers(pcm):
    return [int.from_bytes(pcm[at : at + 2], "little") - 1 for at in range(0, len(pcm), FRAME_BYTES)]


def passed(frames, voiced, sizes):
    gate = VoiceGate(voiced=lambda frame: voiced[numbers(frame)[0]])
    return [gated for piece in split(b"".join(frames), sizes) for gated in gate.push(piece)]


def expected(voiced):
    """By the gate's contract: speech, up to 0.3 s before and 0.5 s after it."""
    after = [any(voiced[max(0, at - HANG) : at + 1]) for at in range(len(voiced))]
    return {at for at in range(len(voiced)) if after[at] or any(voiced[at : at + PRE_ROLL + 1])}


@settings(deadline=None)
@given(runs, sizes)
def test_speech_passes_with_what_came_just_before_and_after_it_and_nothing_else(runs, sizes):
    frames, voiced = stream(runs)
    out = [number for gated in passed(frames, voiced, sizes) for number in numbers(gated.pcm)]
    assert out == sorted(set(out)), "each frame once and in order"
    assert set(out) == expected(voiced)


@settings(deadline=None)
@given(runs, sizes)
def test_each_piece_says_where_in_the_stream_it_lies(runs, sizes):
    frames, voiced = stream(runs)
    for gated in passed(frames, voiced, sizes):
        if gated.pcm:
            assert round(gated.start_s / FRAME_S) == numbers(gated.pcm)[0]
    ends = [gated.ends for gated in passed(frames, voiced, sizes)]
    assert not any(one and two for one, two in itertools.pairwise(ends)), "no end without speech"


@settings(deadline=None)
@given(runs, sizes)
def test_the_time_map_finds_every_moment_again(runs, sizes):
    frames, voiced = stream(runs)
    times, engine_s, moments = TimeMap(), 0.0, []
    for gated in passed(frames, voiced, sizes):
        if gated.ends:
            continue
        times.fed(gated.pcm, gated.start_s)
        for number in numbers(gated.pcm):
            moments.append((engine_s + FRAME_S / 2, (number + 0.5) * FRAME_S))
            engine_s += FRAME_S
    for engine, true in moments:
        assert abs(times.stream_s(engine) - true) < 1e-6


def loud(frame):
    return abs(int.from_bytes(frame[:2], "little", signed=True)) > 0x3000


class Spotter:
    """A recogniser that obeys: every run of sound above a level is a word, timed by what it was fed."""

    def __init__(self):
        self.fed, self.begin, self.words = 0, None, []

    def feed(self, pcm, *, guess=True):
        for at in range(0, len(pcm), FRAME_BYTES):
            if loud(pcm[at:]) and self.begin is None:
                self.begin = self.fed
            if not loud(pcm[at:]):
                self._close()
            self.fed += 1
        return Guess("…") if guess and self.words else None

    def _close(self):
        if self.begin is not None:
            self.words.append(Word("w", self.begin * FRAME_S, self.fed * FRAME_S, 1.0))
            self.begin = None

    def finish(self):
        self._close()
        words, self.words = tuple(self.words), []
        return Settled("w", "w", words) if words else None


@settings(deadline=None)
@given(runs, sizes, st.sampled_from((0.0, 12.5)))
def test_words_keep_their_place_in_the_call_after_skipped_silence(runs, sizes, offset_s):
    voiced = [is_voiced for is_voiced, length in runs for _ in range(length)]
    pcm = b"".join((b"\x00\x50" if one else b"\x01\x00") * (FRAME_BYTES // 2) for one in voiced)
    gate = VoiceGate(voiced=loud)
    ear = Ear(Spotter(), narrow=False, offset_s=offset_s, gate=gate)
    found = [one for piece in split(pcm, [2 * size for size in sizes]) for one in ear.hear(piece)] + ear.end()
    spans = [(word.start_s, word.end_s) for line in found if isinstance(line, Line) for word in line.words]
    edges = [
        at
        for at in range(len(voiced) + 1)
        if (voiced[at - 1] if at else False) != (at < len(voiced) and voiced[at])
    ]
    times = [offset_s + edge * FRAME_S for edge in edges]
    assert len(spans) * 2 == len(times)
    for heard, true in zip((moment for span in spans for moment in span), times, strict=True):
        assert abs(heard - true) < 0.002


def test_silence_alone_never_reaches_the_recogniser():
    assert VoiceGate().push(bytes(FRAME_BYTES * 500)) == []
