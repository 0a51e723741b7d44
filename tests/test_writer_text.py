from __future__ import annotations

import re

import pytest

from tap.writer import WIDTH, to_yaml
from tests.cloudformation_yaml import load_yaml
from tests.writing import same, template, written

TRAPS = [
    *("yes", "Yes", "YES", "no", "No", "y", "Y", "n", "N", "on", "On", "off", "OFF", "true", "False", "TRUE"),
    *("null", "Null", "NULL", "~", "", " ", "  ", "=", "<<"),
    *("1", "1.0", "1.", ".5", "-.5", "+1", "-1", "0755", "0o17", "0x1F", "0b101", "1e3", "1E+3", "1_000", "1,000"),
    *("12:30:45", "1:2", "1:20.5", ".inf", "-.Inf", ".nan", ".", "..", "..."),
    *("2012-10-17", "2001-1-1", "2012-10-17T00:00:00Z", "2012-10-17 12:00:00"),
    *(" x", "x ", "a: b", "a :b", "a:b", "a:", ":", ":a", ": a", "a #b", "a#b", "#a", "a # b"),
    *(
        "-",
        "--",
        "---",
        "--- a",
        "- x",
        "-x",
        "?",
        "? x",
        "?x",
        "*",
        "*.example.com",
        "&a",
        "!x",
        "!Ref x",
        "%",
        "%YAML 1.1",
    ),
    *(
        "@",
        "@a",
        "`",
        "`a`",
        "{",
        "}",
        "{a}",
        "[",
        "]",
        "[a]",
        ",",
        ",a",
        "a,b",
        "|",
        "|-",
        ">",
        ">-",
        "'",
        "''",
        '"',
        '"a"',
    ),
    *("it's", "'a'b", 'say "a"', "back\\slash", "\\n", "$x", "${x}", "/path", "^a$", "(a)", "+a", ";a", "~a"),
    *(
        "\t",
        "\ta",
        "a\tb",
        "a\t",
        "a\rb",
        "\r",
        "\r\n",
        "a\r\nb",
        "\n",
        "\n\n",
        "\na",
        " \n",
        "a\n",
        "a\n\n",
        "a\n\n\n",
    ),
    *(
        "a\n b",
        "a\n\n b\n",
        " a\nb",
        "a \nb",
        "a\n \nb",
        "a\n\tb",
        "a\nb ",
        "a\nb\t\n",
        "#a\n# b\n",
        "---\na\n",
        "a\n...\n",
    ),
    *("\x00", "\x07", "a\x1bb", "\x7f", "\x80", "\x85", "a\x85b", "a\nb\x85c", "\xa0", "\xa0a", "a\xa0", "\xad"),
    *(
        "\u2028",
        "a\u2028b",
        "a\n\u2029b",
        "\ufeff",
        "\ufeffa",
        "a\ufeff",
        "\ufffd",
        "\ufffe",
        "\uffff",
        "\ud7ff",
        "\ue000",
    ),
    *("é", "日本語", "\U0001f600", "a\U0001f600\nb", "\U0010ffff", "\U0001fffe", "\u3000", "a\u3000b c", "\u200b"),
    "x" * 300,
    "word " * 60,
    "word " * 60 + "end",
    "word " * 30 + " two blanks " + "word " * 30 + "end",
    "word\u3000" * 40 + "a b",
    "# " + "word " * 40 + "end",
    "- " + "word: " * 40 + "end",
    "word " * 40 + "\x85end",
    "é " * 100 + "é",
]


@pytest.mark.parametrize("text", TRAPS, ids=lambda text: ascii(text[:30]))
def test_text_stays_what_it_is(text: str) -> None:
    """As a value, in lists and maps, in arguments on one line and below each other, as a key, as the last thing."""
    same(text)
    same([text, [text], {"a": text}, {text: text}])
    same({"Fn::Sub": text})
    same({"Fn::Base64": {"Fn::Sub": text}})
    same({"Fn::Join": [text, [text, {"Ref": text}, {"Fn::Sub": text}]]})
    same({"Fn::If": ["C", {"a": text}, [text]]})
    same({"Fn::GetAtt": ["Queue", text]})
    body = {"Description": text, "Metadata": {"a": text}, "Outputs": {"O": {"Value": text}}}
    assert load_yaml(to_yaml(body)) == body


@pytest.mark.parametrize("text", TRAPS, ids=lambda text: ascii(text[:30]))
def test_nothing_is_written_that_a_reader_cannot_see(text: str) -> None:
    """No blank at a line's end, no tab, no control or invisible character: they are escaped."""
    for value in (text, [text], {text: text}, {"Fn::Sub": text}, {"Fn::Join": [text, [text]]}):
        for line in to_yaml(template(value)).split("\n"):
            assert line == line.rstrip(" ")
            assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]", line)


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:sns:us-east-1:1:x",
        "10.0.0.0/24",
        "sqs:SendMessage",
        "a-b_c.d",
        "/aws/ecs",
        "it's",
        "${x}-y",
        "5432/tcp",
        "1a",
    ],
)
def test_ordinary_text_needs_no_quotes(text: str) -> None:
    assert written(text) == f"Value: {text}"


def test_long_text_is_folded_within_the_width() -> None:
    text = "word " * 60 + "end"
    head, *rest = written(text).split("\n")
    assert head == "Value: >-"
    assert all(WIDTH - len(" word") < len(line) + len("      ") <= WIDTH for line in rest[:-1])
    assert " ".join(line.strip() for line in rest) == text


def test_a_script_is_a_literal_block() -> None:
    script = "#!/bin/bash\nset -e\n\nif true; then\n  echo 'a: b' # c\nfi\n"
    assert written(script) == "Value: |\n  #!/bin/bash\n  set -e\n\n  if true; then\n    echo 'a: b' # c\n  fi"
    same(script)


def test_line_ends_at_the_end_do_not_grow() -> None:
    """Between two resources stands an empty line, which is no part of the text before it."""
    body = {"Resources": {name: {"Type": "T", "Properties": {"V": "a\n\n"}} for name in ("A", "B", "C")}}
    assert load_yaml(to_yaml(body)) == body
