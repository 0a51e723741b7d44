"""Payments' requirements, one by one, in the emitted template: images.

"Decision" in a comment: where the system departs from the words of its row, and how.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tap.deploy.parameters import check, matches
from tests.requirements.payments import (
    payments,
)
from tests.requirements.template import load

requirement = pytest.mark.requirement
IMAGES = ("FrontendImage", "BackendImage", "TracingImage")
each_image = pytest.mark.parametrize("parameter", IMAGES)


def declared(parameter: str) -> dict[str, Any]:
    return dict(load("payments/stack.json")["Parameters"][parameter])


def accepted(parameter: str, image: str) -> bool:
    """Whether CloudFormation takes an image for a parameter: the whole of it must match (Java's ``String.matches``)."""
    return re.fullmatch(declared(parameter)["AllowedPattern"], image) is not None


def joined(parts: st.SearchStrategy[str], separator: str, most: int) -> st.SearchStrategy[str]:
    return st.lists(parts, min_size=1, max_size=most).map(separator.join)


# Names of images by their grammar (distribution project, "reference"): a registry is a host with a point or a port, or
# localhost; a path is of lower case, with single separators.
ALPHANUMERIC = st.text("abcxyz0189", min_size=1, max_size=8)
COMPONENTS = st.lists(ALPHANUMERIC, min_size=1, max_size=3).flatmap(
    lambda words: st.sampled_from([".", "_", "__", "-", "---"]).map(lambda separator: separator.join(words))
)
PATHS = joined(COMPONENTS, "/", 4)
HOSTS = st.one_of(
    joined(joined(ALPHANUMERIC, "-", 2), ".", 4).filter(lambda host: "." in host),
    st.just("localhost"),
    st.just("123456789012.dkr.ecr.us-east-1.amazonaws.com"),
    st.just("public.ecr.aws"),
)
PORTS = st.one_of(st.just(""), st.integers(1, 65535).map(lambda port: f":{port}"))
REGISTRIES = st.one_of(st.just(""), st.builds("{}{}/".format, HOSTS, PORTS))
NAMES = st.builds("{}{}".format, REGISTRIES, PATHS)
_FIRST = "abzABZ019_"
TAGS = st.one_of(
    st.builds("{}{}".format, st.sampled_from(_FIRST), st.text(_FIRST + ".-", max_size=127)),
    # Near misses of the one that is refused.
    st.sampled_from(
        ["latest-1", "latest.1", "latest_", "latestlatest", "not-latest", "1-latest", "lates", "LATEST", "l"]
    ),
)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64).map("@sha256:{}".format)
VERSIONS = st.one_of(TAGS.map(":{}".format), DIGESTS, st.builds(":{}{}".format, TAGS, DIGESTS))


@requirement("PP-ECS-3")
@each_image
@given(name=NAMES, version=VERSIONS)
def test_pp_ecs_3_an_image_with_a_version_is_taken(parameter: str, name: str, version: str) -> None:
    image = name + version
    assume(len(image) <= declared(parameter)["MaxLength"])
    assert accepted(parameter, image)
    assert matches(declared(parameter)["AllowedPattern"], image) is True
    assert not check([{parameter: declared(parameter)}], {parameter: image})


@requirement("PP-ECS-3")
@each_image
@given(name=NAMES, version=st.one_of(st.sampled_from(["", ":latest", ":"]), DIGESTS.map(":latest{}".format)))
def test_pp_ecs_3_an_image_without_version_or_latest_is_refused(parameter: str, name: str, version: str) -> None:
    image = name + version
    assert not accepted(parameter, image)
    assert matches(declared(parameter)["AllowedPattern"], image) is False
    (problem,) = check([{parameter: declared(parameter)}], {parameter: image})
    assert problem.key == parameter
    assert "not latest" in problem.sentence


BROKEN: dict[str, Callable[[str, str], str]] = {
    "digest too short": lambda name, _: f"{name}@sha256:{'0' * 63}",
    "digest too long": lambda name, _: f"{name}@sha256:{'0' * 65}",
    "digest in capitals": lambda name, _: f"{name}@sha256:{'A' * 64}",
    "another digest": lambda name, _: f"{name}@md5:{'0' * 32}",
    "two digests": lambda name, _: f"{name}@sha256:{'0' * 64}@sha256:{'0' * 64}",
    "tag too long": lambda name, _: f"{name}:{'a' * 129}",
    "tag begins with a point": lambda name, tag: f"{name}:.{tag}",
    "tag begins with a hyphen": lambda name, tag: f"{name}:-{tag}",
    "two tags": lambda name, tag: f"{name}:{tag}:{tag}",
    "path after the tag": lambda name, tag: f"{name}:v{tag[:100]}/{name}",
    "space before": lambda name, tag: f" {name}:{tag}",
    "space after": lambda name, tag: f"{name}:{tag} ",
    "a shell's end": lambda name, tag: f"{name}:{tag};id",
    "no name": lambda _, tag: f":{tag}",
    "scheme": lambda name, tag: f"https://{name}:{tag}",
    "slash at the end": lambda name, tag: f"{name}/:{tag}",
    "capitals": lambda name, tag: f"{name}/App:{tag}",
}


@requirement("PP-ECS-3")
@each_image
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@given(name=NAMES, tag=TAGS)
def test_pp_ecs_3_what_is_no_image_is_refused(
    parameter: str, broken: Callable[[str, str], str], name: str, tag: str
) -> None:
    assert not accepted(parameter, broken(name, tag))
    assert matches(declared(parameter)["AllowedPattern"], broken(name, tag)) is False


@requirement("PP-ECS-3")
@each_image
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029"])
@given(name=NAMES, tag=TAGS)
def test_pp_ecs_3_a_line_end_does_not_slip_in(parameter: str, end: str, name: str, tag: str) -> None:
    """``$`` stands before a last line end too, in Java before more kinds of it than in Python."""
    for image in (f"{name}:{tag}{end}", f"{name}:latest{end}", f"{end}{name}:{tag}", f"{name}:{tag}{end}x"):
        assert not accepted(parameter, image)
        assert matches(declared(parameter)["AllowedPattern"], image) is not True


ALIKE = re.compile(
    r"""
      \[ (?: [A-Za-z0-9]-[A-Za-z0-9] | [A-Za-z0-9._] )+ -? \]   # a class of ASCII, without negation, escape or nesting
    | \( (?: \?! | \?: )?                                       # groups, and looking ahead
    | \) | \| | \^ | \$
    | [*+?] | \{ [0-9]+ (?: , [0-9]* )? \}                      # greedy; [+?] once more would be another kind
    | [A-Za-z0-9:/@-]                                           # themselves
    """,
    re.VERBOSE,
)
"""What regular expressions of Java and of Python have in common, as far as these patterns need it."""


@requirement("PP-ECS-3")
@each_image
def test_pp_ecs_3_java_reads_the_pattern_as_python_does(parameter: str) -> None:
    """CloudFormation's expressions are Java's. Nothing here is read otherwise there: no escapes, no POSIX classes, no
    ``&&`` or ``[`` in a class, no flags, no ``.``."""
    pattern = declared(parameter)["AllowedPattern"]
    tokens, place = [], 0
    while place < len(pattern):
        found = ALIKE.match(pattern, place)
        assert found, f"{pattern[place:]!r} is not known to mean the same in Java"
        tokens.append(found[0])
        place = found.end()
    quantifiers = [token[0] in "*+?{" for token in tokens]
    assert not any(one and other for one, other in itertools.pairwise(quantifiers))
    assert (tokens[0], tokens[-1]) == ("^", "$")


@requirement("PP-ECS-3")
def test_pp_ecs_3_every_container_runs_an_image_that_is_a_parameter() -> None:
    of = payments()
    definitions = [it.body["Properties"]["ContainerDefinitions"] for it in of.of("AWS::ECS::TaskDefinition")]
    found = [each["Image"] for containers in definitions for each in containers]
    assert sorted(image["Ref"] for image in found) == sorted(IMAGES)
    for name in IMAGES:
        assert accepted(name, declared(name)["Default"])
        assert "latest" in declared(name)["Description"], "it says what is refused"
