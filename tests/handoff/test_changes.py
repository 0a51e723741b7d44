from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from troposphere import Ref

from tap.handoff import bundle, changes
from tap.handoff.archive import File
from tap.handoff.contents import read
from tap.handoff.version import version
from tests.building import named, parameter, queue, shared, system, tier, topic
from tests.handoff.building import committed, emitted, shop


def mended(environments: Mapping[str, Mapping[str, str]]) -> Any:
    """The shop's next version: another queue's name, no bucket, a new parameter and another default."""
    return system(
        tier("events", topic(TopicName=named("shop-events"))),
        tier("work", queue(QueueName=named("shop-other")), topic("Second", DisplayName=Ref("Colour"))),
        common=shared(
            parameter("Colour"),
        ),
        environments=environments,
    )


def page(out: Path, names: tuple[str, ...] = ("dev", "prod")) -> str:
    found = version(out)
    told = changes.compared("shop", out, found, names)
    return changes.page(read("shop", out, ()).whole, found, told)


def test_without_a_release_it_is_the_first_version(tmp_path: Path) -> None:
    out = emitted(shop(), tmp_path / "out")
    assert "The first version: there is none before to compare it with." in page(out)
    committed(tmp_path)
    assert "It makes 3 resources, takes 3 parameters and gives 2 outputs." in page(out)


def test_against_the_release_before(tmp_path: Path) -> None:
    out = emitted(shop(), tmp_path / "out")
    (out / "shop" / "parameters" / "prod.json").unlink()
    committed(tmp_path, "v1.0.0")
    for path in sorted((out / "shop").rglob("*.*")):
        path.unlink()
    emitted(mended({"dev": {"Colour": "red"}, "prod": {"Colour": "blue"}}), out)
    committed(tmp_path, "v1.1.0")
    text = page(out)
    assert text.startswith("# shop 1.1.0: what is new\n\nAgainst 1.0.0. ")
    assert "- `Colour` is new: The parameter Colour. **It has no default: give it a value.**" in text
    assert "- `Label` is gone. Take it out of your parameter files" in text
    assert "- `QueueUrl` is gone." in text
    warning = "**Data may be lost, or something that holds data is replaced, in dev: see there.**"
    assert warning in text[: text.index("## Parameters")]
    dev = text[text.index("## dev") : text.index("## prod")]
    assert "**Data may be lost" in dev
    assert "| `Bucket` | AWS::S3::Bucket | delete |" in dev
    assert "| `Queue` | AWS::SQS::Queue | replace |" in dev
    assert "| `Second` | AWS::SNS::Topic | create |" in dev
    assert dev.index("Removed:") < dev.index("Replaced:") < dev.index("Added:")
    assert text.endswith("## prod\n\nThis environment is new in this version.\n")


def test_what_did_not_change_is_said(tmp_path: Path) -> None:
    out = emitted(shop(), tmp_path / "out")
    committed(tmp_path, "v1.0.0")
    committed(tmp_path, "v1.0.1")
    text = page(out)
    assert text.count("Nothing changes.") == 2
    assert "Data may be lost" not in text
    assert "\n\n\n" not in text
    assert text.count("None is new, gone or different.") == 2


def test_it_goes_into_the_bundle(tmp_path: Path) -> None:
    out = emitted(shop(), tmp_path / "out")
    committed(tmp_path, "v1.0.0")
    found = version(out)
    files: Mapping[str, File] = bundle.files(
        read("shop", out, ()), found, changes.compared("shop", out, found, ("dev",)), {}
    )
    assert files["CHANGES.md"].text == page(out)
