"""sherpa-onnx behind the `Recognizer` port: the only file with its words.

Its streaming models are ONNX files beside a `tokens.txt`: encoder, decoder and joiner make a transducer,
encoder and decoder a paraformer, one file a zipformer CTC. The library is
optional (`requirements/sherpa.lock`).
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from transcription.chinese import join_words
from transcription.recognizer import MODEL_RATE_HZ, Guess, Recognizer, Settled, Word

# pyright: reportUnknownMemberType=false, reportMissingImports=false

TOKENS: Final = "tokens.txt"
SILENCE_S: Final = 0.9
"""A pause after words that settles a line."""
LONGEST_LINE_S: Final = 20.0
TRY_LIMIT_S: Final = 60.0
_PIECE: Final = "▁"
"""Begins a word in models whose tokens are pieces of words."""


class SherpaModelRefused(Exception):
    """A folder that holds no model this engine can use; the message says what is wrong, in Chinese."""


def has_library() -> bool:
    """Whether sherpa-onnx is installed."""
    return importlib.util.find_spec("sherpa_onnx") is not None


def is_model(folder: Path) -> bool:
    """Whether a folder looks like one of its streaming models."""
    return (folder / TOKENS).is_file() and any(folder.glob("*.onnx"))


def files_of(folder: Path) -> dict[str, str]:
    """The files of the model by their part: encoder, decoder, joiner, or model.

    Raises:
        SherpaModelRefused: a part is missing. An int8 file is taken before a larger one.
    """
    if not (folder / TOKENS).is_file():
        raise SherpaModelRefused(f"模型缺少 {TOKENS}")
    found: dict[str, str] = {}
    for part in ("encoder", "decoder", "joiner", "model"):
        files = sorted(folder.glob(f"{part}*.onnx"), key=lambda file: ("int8" not in file.name, file.name))
        if files:
            found[part] = str(files[0])
    if "encoder" in found and "decoder" not in found:
        raise SherpaModelRefused("模型缺少 decoder*.onnx")
    if "encoder" not in found and "model" not in found:
        raise SherpaModelRefused("模型缺少 encoder*.onnx 或 model*.onnx")
    return found


class SherpaModel:
    """A loaded model, shared by all recognisers of a process.

    Raises:
        SherpaModelRefused: no library, a part is missing, or the engine cannot read it.
    """

    def __init__(self, folder: Path) -> None:
        _try_apart(folder)
        self._engine = _load(folder)

    def __call__(self) -> Recognizer:
        """A fresh recogniser."""
        return SherpaRecognizer(self._engine)


class SherpaRecognizer:
    """One speaker. The engine lets other Python threads run while it decodes."""

    def __init__(self, engine: Any) -> None:
        self._engine: Any = engine
        self._stream: Any = engine.create_stream()
        self._heard_s = 0.0
        self._guess = ""

    def feed(self, pcm: bytes, *, guess: bool = True) -> Guess | Settled | None:
        """Hear a piece of sound; a guess only when it differs from the last one."""
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768
        self._heard_s += len(samples) / MODEL_RATE_HZ
        self._stream.accept_waveform(MODEL_RATE_HZ, samples)
        self._decode()
        if self._engine.is_endpoint(self._stream):
            settled = self._settle()
            self._engine.reset(self._stream)
            return settled
        text = join_words(self._engine.get_result(self._stream)) if guess else ""
        if text and text != self._guess:
            self._guess = text
            return Guess(text)
        return None

    def finish(self) -> Settled | None:
        """Settle what is left; the next sound begins a new stream."""
        self._stream.input_finished()
        self._decode()
        settled = self._settle()
        self._stream = self._engine.create_stream()
        return settled

    def _decode(self) -> None:
        while self._engine.is_ready(self._stream):
            self._engine.decode_stream(self._stream)

    def _settle(self) -> Settled | None:
        self._guess = ""
        raw = str(self._engine.get_result(self._stream))
        if not raw.strip():
            return None
        began = float(self._engine.start_time(self._stream))
        starts = [began + float(at) for at in self._engine.timestamps(self._stream)]
        tokens = [str(token) for token in self._engine.tokens(self._stream)]
        return Settled(
            join_words(raw), raw, words_of(tokens, starts, self._heard_s, self._chances(len(tokens)))
        )

    def _chances(self, count: int) -> list[float]:
        """How sure it is of each token; 1 where the model tells none."""
        told = [min(1.0, float(np.exp(one))) for one in self._engine.ys_probs(self._stream)]
        return told if len(told) == count else [1.0] * count


def words_of(
    tokens: list[str], starts: list[float], until_s: float, chances: list[float]
) -> tuple[Word, ...]:
    """Tokens as words with their places; a piece of a word is joined to the one before it."""
    words: list[Word] = []
    ends = [*starts[1:], until_s]
    for token, start_s, end_s, chance in zip(tokens, starts, ends, chances, strict=False):
        text = token.replace(_PIECE, " ")
        goes_on = bool(words) and not text.startswith(" ") and text.isascii() and words[-1].text.isascii()
        if goes_on:
            last = words.pop()
            words.append(Word(last.text + text, last.start_s, end_s, min(last.confidence, chance)))
        elif text.strip():
            words.append(Word(text.strip(), start_s, max(start_s, end_s), chance))
    return tuple(words)


def _load(folder: Path) -> Any:
    try:
        import sherpa_onnx  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise SherpaModelRefused(
            "没有安装 sherpa-onnx：.venv/bin/pip install --require-hashes -r requirements/sherpa.lock"
        ) from None
    files = files_of(folder)
    common: dict[str, Any] = {
        "tokens": str(folder / TOKENS),
        "num_threads": 1,
        "sample_rate": MODEL_RATE_HZ,
        "enable_endpoint_detection": True,
        "rule2_min_trailing_silence": SILENCE_S,
        "rule3_min_utterance_length": LONGEST_LINE_S,
    }
    engine: Any = sherpa_onnx.OnlineRecognizer
    try:
        if "joiner" in files:
            parts = {name: files[name] for name in ("encoder", "decoder", "joiner")}
            return engine.from_transducer(**parts, **common)
        if "encoder" in files:
            return engine.from_paraformer(encoder=files["encoder"], decoder=files["decoder"], **common)
        return engine.from_zipformer2_ctc(model=files["model"], **common)
    except Exception as error:
        raise SherpaModelRefused(f"模型文件读不出来：{str(error)[:160]}") from None


def _try_apart(folder: Path) -> None:
    """Load it once in a process of its own: over some files the library ends its process."""
    if has_library():
        files_of(folder)
        command = [sys.executable, "-m", "transcription.sherpa_recognizer", str(folder)]
        try:
            tried = subprocess.run(command, capture_output=True, text=True, timeout=TRY_LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            raise SherpaModelRefused(f"模型在 {TRY_LIMIT_S:.0f} 秒内没有载入") from None
        if tried.returncode:
            said = [line for line in (tried.stdout + tried.stderr).splitlines() if line.strip()]
            raise SherpaModelRefused(f"模型文件读不出来：{said[-1][:160] if said else '引擎退出'}")


def main() -> int:
    """`python -m transcription.sherpa_recognizer FOLDER`: 0 if the model loads and hears silence."""
    try:
        recognizer = SherpaRecognizer(_load(Path(sys.argv[1])))
    except SherpaModelRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    recognizer.feed(bytes(2 * MODEL_RATE_HZ))
    recognizer.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
