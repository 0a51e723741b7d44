"""A small system as it is emitted, and its bundle."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from troposphere import GetAtt, Ref, Sub, Tags

from tap.handoff import bundle, changes
from tap.handoff.archive import File
from tap.handoff.contents import read
from tap.handoff.version import Version
from tap.model import SUFFIX, System
from tap.synth import emit
from tests.building import bucket, named, output, parameter, queue, shared, system, tier, topic

VERSION = Version("1.2.0", "0" * 40, "")


def shop(**of_topic: Any) -> System:
    """Two tiers: a topic with an output, and a queue that refers to it and a bucket; a parameter without a default."""
    return system(
        tier(
            "events",
            topic(TopicName=named("shop-events"), **of_topic),
            output("TopicName", GetAtt("Topic", "TopicName")),
        ),
        tier(
            "work",
            queue(QueueName=Sub("${Topic.TopicName}-work"), VisibilityTimeout=Ref("Timeout")),
            bucket(BucketName=Sub(f"shop-${{{SUFFIX}}}-${{AWS::AccountId}}"), Tags=Tags(Label=Ref("Label"))),
            output("QueueUrl", Ref("Queue")),
        ),
        common=shared(parameter("Label"), parameter("Timeout", Type="Number", Default="30")),
        environments={"dev": {"Label": "work"}, "prod": {"Label": 'the "best" \\ one'}},
    )


def emitted(of: System, out: Path) -> Path:
    """Write a system as ``synth`` does; gives the folder of systems."""
    for file in emit(of):
        path = out / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, "utf-8")
    return out


def bundled(
    out: Path, name: str = "shop", environments: tuple[str, ...] = (), pages: Mapping[str, str] | None = None
) -> Mapping[str, File]:
    """The files of a system's bundle."""
    return bundle.files(read(name, out, environments), VERSION, changes.Told(), pages or {})


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody without a name of their own."""
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def committed(folder: Path, tag: str = "") -> None:
    """Commit all there is, and tag it."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "what there is")
    if tag:
        git(folder, "tag", tag)
