"""`explain_usage_types` reads a file of usage types without a database, and says plainly what is wrong with a file."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

PAYLOAD = Path(__file__).parents[1] / "payloads" / "aws" / "usage_types.csv"


def explain(path: Path, *arguments: str) -> str:
    out = StringIO()
    call_command("explain_usage_types", f"--input={path}", *arguments, stdout=out)
    return out.getvalue()


def test_each_string_is_one_object_a_line() -> None:
    lines = explain(PAYLOAD, "--json").splitlines()

    assert len(lines) == len(PAYLOAD.read_text(encoding="utf-8").splitlines()) - 1
    assert json.loads(lines[3]) == {
        "usage_type": "USE1-Claude4.6Opus-input-tokens-cross-region-global",
        "region_prefix": "USE1",
        "aws_region": "us-east-1",
        "model": "claude-opus-4-6",
        "token_class": "input",
        "tier": "standard",
        "routing": "global",
        "context_band": "standard",
        "unit": "1K tokens",
        "family": "A",
    }


def test_without_json_it_is_a_table(tmp_path: Path) -> None:
    file = tmp_path / "strings.csv"
    file.write_text("service,usage_type\nAmazon Bedrock,USE1-Nonsense\n")

    assert explain(file).split() == [
        *("usage_type", "region_prefix", "aws_region", "model", "token_class"),
        *("tier", "routing", "context_band", "unit", "family"),
        *("USE1-Nonsense", "USE1", "us-east-1", "unrecognised"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"usage_type\nUSE1-NovaPro-input-tokens\n", "has no column service"),
        (b"", "has no column usage_type and no column service"),
        (b"usage_type,service\nUSE1-NovaPro-input-tokens\n", "line 2: the column service is missing"),
        (b"usage_type,service\n\xff,x\n", "is not UTF-8 text"),
        (b'usage_type,service\n"open,x\n', "is no CSV file"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(tmp_path: Path, text: bytes | None, message: str) -> None:
    file = tmp_path / "strings.csv"
    if text is not None:
        file.write_bytes(text)

    with pytest.raises(CommandError, match=message):
        explain(file, "--json")
