"""`minsheng draft --jsonl`: one line in, one line out, bad lines named and passed over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli import app

GOOD = {
    "id": 7,
    "speaker_turns": [{"who": "caller", "text": "草堂镇石马村停电了 我电话幺三八零零幺三八零零零"}],
}
NAMES = [
    *("id", "type", "category", "town", "village", "place_detail", "phone"),
    *("event_time", "amount", "urgency", "emergency_class", "secret", "respondent"),
]


def run(lines: list[str], tmp_path: Path) -> tuple[int, list[dict[str, object]], str]:
    result = CliRunner().invoke(
        app, ["draft", "--jsonl", "--state-dir", str(tmp_path)], input="\n".join(lines)
    )
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def test_a_call_becomes_a_row_of_plain_values(tmp_path: Path) -> None:
    code, rows, said = run([json.dumps(GOOD)], tmp_path)
    assert code == 0
    assert list(rows[0]) == NAMES
    assert (rows[0]["id"], rows[0]["town"], rows[0]["village"]) == (7, "草堂镇", "石马村")
    assert (rows[0]["phone"], rows[0]["emergency_class"], rows[0]["secret"]) == ("13800138000", "E2", False)
    assert rows[0]["amount"] is None
    assert "起草模型不能使用" in said


def test_bad_lines_are_named_and_the_others_still_done(tmp_path: Path) -> None:
    nobody = json.dumps({"id": 1, "speaker_turns": [{"who": "dog", "text": "汪"}]})
    code, rows, said = run(["{oops", json.dumps(GOOD), nobody, "[]"], tmp_path)
    assert code == 2
    assert [row["id"] for row in rows] == [7]
    assert all(f"第 {number} 行" in said for number in (1, 3, 4))


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("[" * 200_000, "整行", "嵌套太深"),
        ("{oops", "整行", "不是有效的 UTF-8 JSON"),
        ("[]", "整行", "应为对象"),
        ('{"speaker_turns": []}', "id", "缺少"),
        ('{"id": NaN, "speaker_turns": []}', "id", "不能原样写回"),
        ('{"id": "\\ud800", "speaker_turns": []}', "id", "不能原样写回"),
        ('{"id": 1}', "speaker_turns", "应为列表"),
        ('{"id": 1, "speaker_turns": ["喂"]}', "speaker_turns[0]", "应为对象"),
        (
            '{"id": 1, "speaker_turns": [{"who": [], "text": "喂"}]}',
            "speaker_turns[0].who",
            "caller 或 operator",
        ),
        ('{"id": 1, "speaker_turns": [{"who": "dog", "text": "汪"}]}', "speaker_turns[0].who", "caller"),
        ('{"id": 1, "speaker_turns": [{"who": "caller"}]}', "speaker_turns[0].text", "应为文字"),
        (
            '{"id": 1, "speaker_turns": [{"who": "caller", "text": "\\udfff"}]}',
            "speaker_turns[0].text",
            "半个字符",
        ),
    ],
)
def test_nonsense_is_told_by_line_field_and_reason(
    line: str, field: str, reason: str, tmp_path: Path
) -> None:
    code, rows, said = run([json.dumps(GOOD), line, json.dumps(GOOD)], tmp_path)
    assert (code, [row["id"] for row in rows]) == (2, [7, 7])
    assert f"第 2 行：{field}：" in said
    assert reason in said.partition(f"{field}：")[2]


def test_a_call_without_words_drafts_nothing(tmp_path: Path) -> None:
    code, rows, _ = run([json.dumps({"id": "x", "speaker_turns": []})], tmp_path)
    assert code == 0
    assert all(rows[0][name] is None for name in ("type", "category", "town", "phone", "event_time"))
