"""The second recogniser: its files are told apart, its tokens become words, its lines settle at pauses."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcription.recognizer import Guess, Settled
from transcription.sherpa_recognizer import SherpaModelRefused, SherpaRecognizer, files_of, words_of

SECOND = bytes(2 * 16000)


def folder_with(tmp_path: Path, *names: str) -> Path:
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (
            ("tokens.txt", "encoder-9.onnx", "encoder-9.int8.onnx", "decoder-9.onnx", "joiner-9.onnx"),
            {"encoder": "encoder-9.int8.onnx", "decoder": "decoder-9.onnx", "joiner": "joiner-9.onnx"},
        ),
        (
            ("tokens.txt", "encoder.onnx", "decoder.onnx"),
            {"encoder": "encoder.onnx", "decoder": "decoder.onnx"},
        ),
        (("tokens.txt", "model.int8.onnx"), {"model": "model.int8.onnx"}),
    ],
)
def test_the_parts_of_a_model_are_found(tmp_path, names, parts):
    found = files_of(folder_with(tmp_path, *names))
    assert {part: Path(file).name for part, file in found.items()} == parts


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ((), "tokens.txt"),
        (("encoder.onnx", "decoder.onnx"), "tokens.txt"),
        (("tokens.txt", "encoder.onnx"), "decoder"),
        (("tokens.txt", "joiner.onnx"), "encoder"),
    ],
)
def test_what_is_missing_is_named(tmp_path, names, missing):
    with pytest.raises(SherpaModelRefused, match=missing):
        files_of(folder_with(tmp_path, *names))


def test_tokens_become_words_with_their_places():
    words = words_of(["停", "水", "▁ho", "t", "▁line"], [0.1, 0.4, 1.0, 1.2, 1.5], 2.0, [1, 0.5, 0.9, 0.4, 1])
    assert [(word.text, word.start_s, word.end_s, word.confidence) for word in words] == [
        ("停", 0.1, 0.4, 1),
        ("水", 0.4, 1.0, 0.5),
        ("hot", 1.0, 1.5, 0.4),
        ("line", 1.5, 2.0, 1),
    ]
    assert words_of([], [], 1.0, []) == ()


class ScriptedEngine:
    """Obeys the engine's calls: after each second of sound one more token, a pause settles."""

    def __init__(self, script: str) -> None:
        self.script = script  # one letter a second; "." is a pause

    def create_stream(self):
        return Sound(self.script)

    def is_ready(self, stream):
        return stream.waiting > 0

    def decode_stream(self, stream):
        stream.waiting -= 1
        letter = stream.script[stream.at : stream.at + 1]
        stream.at += 1
        stream.pause = letter == "."
        if letter not in ("", "."):
            stream.tokens.append((letter, float(stream.at - 1)))

    def is_endpoint(self, stream):
        return stream.pause

    def reset(self, stream):
        stream.tokens, stream.pause = [], False

    def get_result(self, stream):
        return "".join(letter for letter, _at in stream.tokens)

    def tokens(self, stream):
        return [letter for letter, _at in stream.tokens]

    def timestamps(self, stream):
        return [at for _letter, at in stream.tokens]

    def start_time(self, stream):
        return 0.0

    def ys_probs(self, stream):
        return []


class Sound:
    def __init__(self, script):
        self.script, self.waiting, self.at, self.tokens, self.pause = script, 0, 0, [], False

    def accept_waveform(self, rate_hz, samples):
        assert rate_hz == 16000
        self.waiting += round(len(samples) / rate_hz)

    def input_finished(self):
        pass


def test_a_line_grows_settles_at_a_pause_and_what_is_left_settles_at_the_end():
    ear = SherpaRecognizer(ScriptedEngine("停水.来电"))
    assert ear.feed(SECOND) == Guess("停")
    assert ear.feed(SECOND, guess=False) is None
    line = ear.feed(SECOND)
    assert isinstance(line, Settled)
    assert (line.text, [word.start_s for word in line.words]) == ("停水", [0.0, 1.0])
    assert ear.feed(SECOND) == Guess("来")
    assert ear.feed(bytes(0)) is None
    rest = ear.finish()
    assert rest is not None
    assert rest.text == "来"
    assert ear.finish() is None
