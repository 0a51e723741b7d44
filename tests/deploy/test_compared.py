from __future__ import annotations

import pytest

from tap.deploy.compared import by_name
from tap.deploy.plan import Side

NAME = "/aws/service/an-image"


def template(kind: str) -> dict[str, object]:
    return {"Parameters": {"Image": {"Type": kind}}, "Resources": {}}


@pytest.mark.parametrize(
    ("kind", "told", "expected"),
    [
        ("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "ami-0123456789abcdef0", NAME),
        ("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "/aws/service/another-image", "/aws/service/another-image"),
        ("String", "ami-0123456789abcdef0", "ami-0123456789abcdef0"),
    ],
    ids=["the emulator tells the value", "another name is a change", "no SSM parameter"],
)
def test_an_ssm_parameter_is_compared_by_its_name(kind: str, told: str, expected: str) -> None:
    old = Side(template(kind), {"Image": told})
    new = Side(template(kind), {"Image": NAME})
    assert by_name(old, new).values == {"Image": expected}
    assert old.values == {"Image": told}
