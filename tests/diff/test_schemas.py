from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tap import project
from tap.diff.guards import GUARDS
from tap.diff.schemas import Schemas, bundled, rules_of
from tap.diff.stateful import SNAPSHOTS, STATEFUL
from tap.errors import TapError


@pytest.mark.parametrize(
    ("type_name", "name", "strength"),
    [
        ("AWS::RDS::DBCluster", "DatabaseName", "always"),
        ("AWS::RDS::DBCluster", "Engine", "may"),
        ("AWS::RDS::DBCluster", "BackupRetentionPeriod", ""),
        ("AWS::RDS::DBInstance", "DBInstanceClass", ""),
        ("AWS::S3::Bucket", "BucketName", "always"),
        # The service has no way to change the keys of a table, whatever the schema's "conditional" says.
        ("AWS::DynamoDB::Table", "KeySchema", "always"),
        ("AWS::ECS::TaskDefinition", "ContainerDefinitions", "always"),
        ("AWS::ECS::TaskDefinition", "Tags", ""),
        ("AWS::EC2::KeyPair", "Tags", "always"),
    ],
)
def test_what_replaces_a_resource_stands_in_its_schema(type_name: str, name: str, strength: str) -> None:
    rules = bundled().rules(type_name)
    assert rules is not None
    assert rules.recreation(name, (), "a", "b") == strength


def test_a_create_only_property_further_down_counts_only_when_it_changes() -> None:
    rules = rules_of("X::Y::Z", {"createOnlyProperties": ["/properties/List/*/Key", "/properties/Outer/Inner"]})
    assert rules.recreation("List", ("0", "Key"), "a", "b") == "always"
    assert rules.recreation("List", ("0", "Value"), "a", "b") == ""
    assert rules.recreation("List", (), [{"Key": "a"}], [{"Key": "b"}]) == "always"
    assert rules.recreation("List", (), [{"Key": "a", "Value": 1}], [{"Key": "a", "Value": 2}]) == ""
    assert rules.recreation("Outer", (), None, {"Inner": 1}) == "always"
    assert rules.recreation("Outer", (), None, {"Other": 1}) == ""
    assert rules.recreation("Outer", ("Inner", "Deeper"), 1, 2) == "always"


def test_a_type_that_its_service_cannot_update_is_replaced_by_any_property() -> None:
    rules = rules_of("X::Y::Z", {"handlers": {"create": {}, "delete": {}}, "properties": {"A": {}}})
    assert rules.recreation("A", (), 1, 2) == "always"


def test_a_type_without_a_schema_has_no_rules() -> None:
    assert bundled().rules("Third::Party::Type") is None


def test_missing_schemas_are_an_error_for_people(tmp_path: Path) -> None:
    with pytest.raises(TapError, match="schemas of cfn-lint cannot be read"):
        Schemas(tmp_path).rules("AWS::S3::Bucket")


def test_the_tables_name_types_that_exist() -> None:
    known = bundled().types()
    named = set(STATEFUL) | SNAPSHOTS | {one for guard in GUARDS for one in guard.types}
    assert sorted(named - known) == []


def test_a_comparison_imports_neither_boto3_nor_cfn_lint_nor_rich() -> None:
    templates = [str(project.ROOT / "tests/diff/portal" / name) for name in ("old.yaml", "new.yaml")]
    code = (
        "import sys; sys.argv = ['generate.py', 'diff', *sys.argv[1:]]\n"
        "from tap.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'boto3', 'botocore', 'cfnlint', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *templates], capture_output=True, text=True, check=False, cwd=project.ROOT
    )
    assert (done.returncode, done.stderr.strip()) == (3, "[]")
