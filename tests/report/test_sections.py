"""What a page says of alarms, dashboards, deletion and order, and how it reads a template's text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap.report import alarms, dashboard, fates, order
from tap.report.section import Section
from tap.report.source import coloured, source
from tests.report.drawn import NAMES, body, files


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def cells(section: Section | None, table: int = 0) -> dict[str, tuple[Any, ...]]:
    """The rows of a table by the resource in their first cell."""
    assert section
    return {"".join(row[0].resources): row[1:] for row in section.tables[table].rows}


# ── alarms ──


def alarm(**more: Any) -> dict[str, Any]:
    return {
        "MetricName": "CPUUtilization",
        "Statistic": "Average",
        "Period": 300,
        "EvaluationPeriods": 2,
        "Threshold": 1000,
        "ComparisonOperator": "GreaterThanThreshold",
        **more,
    }


def test_when_an_alarm_rings() -> None:
    assert alarms.rings(alarm(), {}) == "`CPUUtilization` (average) above 1,000, for 2 periods of 5 minutes."
    once = alarm(EvaluationPeriods=1, Period=10, TreatMissingData="breaching", ComparisonOperator="LessThanThreshold")
    assert alarms.rings(once, {}) == "`CPUUtilization` (average) below 1,000, for 10 seconds. No data is trouble."
    some = alarm(EvaluationPeriods=5, DatapointsToAlarm=3, Period=60)
    assert alarms.rings(some, {}).endswith("in 3 of 5 periods of 1 minute.")
    late = {key: value for key, value in alarm(ExtendedStatistic="p99").items() if key != "Statistic"}
    assert alarms.rings(late, {}).startswith("`CPUUtilization` (p99)")
    own = alarm(Threshold=ref("Limit"))
    assert "above 7," in alarms.rings(own, {"Limit": {"Default": "7"}})
    table = alarm(Threshold={"Fn::FindInMap": ["Sizes", ref("Size"), "Busy"]})
    assert "above what `Sizes` says for large (`Busy`)," in alarms.rings(table, {"Size": {"Default": "large"}})


def test_an_alarm_on_an_expression() -> None:
    metrics = [
        {"Id": "sum", "Expression": "a + b", "Label": "both"},
        {"Id": "a", "ReturnData": False, "MetricStat": {"Stat": "Sum", "Period": 60, "Metric": {"MetricName": "A"}}},
    ]
    told = {"Metrics": metrics, "Threshold": 10, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}
    assert alarms.rings(told, {}) == "both (`a + b`) above 10, for 1 minute."


def test_whom_alarms_tell() -> None:
    media = cells(alarms.section(body("media-streaming")))
    *_, watches, tells = media["FrontendRolloutAlarm"]
    assert watches.resources == ("LoadBalancer", "FrontendTargetGroup", "FrontendGreenTargetGroup")
    assert tells.resources == ("AlarmTopic",)
    assert tells.text == "FrontendService, which takes a deployment back; by mail to `AlarmEmail`"
    assert media["FrontendCpuLowAlarm"][-1].resources == ("FrontendCpuScaleIn",)
    nat = cells(alarms.section(body("customer-portal")))["NatRecoveryAlarmA"][-1]
    assert nat.text.startswith("EC2, which moves the instance")


@pytest.mark.parametrize("name", NAMES)
def test_every_alarm_is_told_of(name: str) -> None:
    there = {key for key, each in body(name)["Resources"].items() if each["Type"] == "AWS::CloudWatch::Alarm"}
    assert set(cells(alarms.section(body(name)))) == there


# ── dashboards ──


@pytest.mark.parametrize("name", NAMES)
def test_widgets_lie_on_the_grid_and_not_on_each_other(name: str) -> None:
    (board,) = dashboard.dashboards(body(name))
    taken: set[tuple[int, int]] = set()
    for widget in board.widgets:
        assert widget.title and widget.metrics
        assert widget.x + widget.width <= dashboard.COLUMNS
        spots = {
            (x, y) for x in range(widget.x, widget.x + widget.width) for y in range(widget.y, widget.y + widget.height)
        }
        assert not spots & taken
        taken |= spots


def test_a_widgets_metrics_by_label_name_or_expression() -> None:
    metrics = [["A/B", "Hits", "D", "1", {"stat": "Sum"}], ["A/B", "Hits", {"label": "all"}], [{"expression": "a/b"}]]
    widgets = [{"type": "metric", "x": 6, "width": 3, "properties": {"title": "T", "metrics": metrics}}]
    resource = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": json.dumps({"widgets": widgets})}}
    (board,) = dashboard.dashboards({"Resources": {"Board": resource}})
    assert board.widgets == (dashboard.Widget(6, 0, 3, 6, "T", ("Hits (Sum)", "all", "a/b")),)


def test_a_dashboard_that_is_no_text_is_left_out() -> None:
    for text in ("{", "[]", '{"other": 1}', {"Ref": "Body"}):
        resource = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": text}}
        assert [b for b in dashboard.dashboards({"Resources": {"Board": resource}}) if b.widgets] == []


# ── deletion ──


def test_what_becomes_of_data_in_each_environment() -> None:
    told = {"dev": {"EnvironmentType": "dev"}, "prod": {"EnvironmentType": "prod"}}
    found = fates.section(body("ecommerce"), told)
    assert found.tables[0].head[-2:] == ("dev", "prod")
    assert [cell.text for cell in cells(found)["AssetsBucket"][1:]] == ["goes", "stays"]
    assert [cell.text for cell in cells(found)["DatabaseCluster"][1:]] == ["goes", "a last snapshot stays"]


def test_what_is_there_under_a_condition_only() -> None:
    found = fates.section(body("ecommerce"), {"dev": {}, "piped": {"SourceConnectionArn": "arn:x"}})
    assert [cell.text for cell in cells(found)["ArtifactsBucket"][1:]] == ["not there", "goes"]


def test_deletion_without_environments() -> None:
    assert fates.section(body("payments"), {}).tables[0].head == ("Resource", "What it is for")


# ── order ──


def test_each_resource_waits_for_what_it_names() -> None:
    resources: dict[str, Any] = {
        "A": {"Type": "T"},
        "B": {"Type": "T", "Properties": {"Of": ref("A"), "Own": ref("B")}},
        "C": {"Type": "T", "DependsOn": "B"},
        "D": {"Type": "T", "Properties": {"Text": {"Fn::Sub": "${A.Arn}/${AWS::Region}"}}},
    }
    assert order.order(resources) == order.Order((("A",), ("B", "D"), ("C",)), ("A", "B", "C"))
    assert order.order({}) == order.Order((), ())


def test_a_circle_has_an_end() -> None:
    resources: dict[str, Any] = {
        "A": {"Type": "T", "DependsOn": "B"},
        "B": {"Type": "T", "DependsOn": ["A"]},
        "C": {"Type": "T"},
    }
    found = order.order(resources)
    assert {name for step in found.steps for name in step} == {"A", "B", "C"}


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_has_its_step(name: str) -> None:
    found = order.order(body(name)["Resources"])
    flat = [each for step in found.steps for each in step]
    assert sorted(flat) == sorted(body(name)["Resources"])
    assert all(name in step for name, step in zip(found.chain, found.steps, strict=True))


def test_what_is_known_of_time_has_a_source() -> None:
    def times(name: str) -> dict[tuple[str, ...], tuple[str, str]]:
        found = order.section(body(name)).tables
        (table,) = [table for table in found if table.title == "What is known of time"]
        return {row[0].resources: (row[1].text, row[2].text) for row in table.rows}

    assert times("media-streaming")["FrontendService",][0].startswith("At least 5 minutes at each new version")
    assert times("payments")["DatabaseCluster", "DatabaseWriter", "DatabaseReader1"][0] == "10 to 20 minutes."
    nat = times("customer-portal")["NatInstanceA", "NatInstanceB", "NatInstanceC"]
    assert nat == (
        "At most 10 minutes: by then each must have told that it is ready.",
        "`CreationPolicy`",
    )
    assert all(says and who for name in ("payments", "ecommerce") for says, who in times(name).values())


# ── the text of a template ──


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_is_found_in_the_text(name: str) -> None:
    found = source(files(name)["stack.yaml"])
    for section in ("Parameters", "Conditions", "Resources", "Outputs"):
        for entry in body(name).get(section, {}):
            part = found.parts[section, entry]
            assert found.lines[part.first - 1].startswith(f"  {entry}:")
            assert found.lines[part.last - 1].strip() and not found.lines[part.last - 1].startswith("  #")
    assert found.of("Resources", "None") == ""


def test_lines_are_coloured_and_lead_on() -> None:
    text = "# why <\nA: !Ref Vpc\n- B: !GetAtt Db.Endpoint # x\n'q': a & b\n"
    text += "S: |\n  C: !Ref Vpc\n  <b>\n\nD: !If [Has, !Ref Vpc, 1]"
    made = coloured(tuple(text.split("\n")), lambda name: f"#r-{name}" if name != "Has" else "")
    assert made == [
        '<i class="c"># why &lt;</i>',
        '<b>A</b>: <i>!Ref</i> <a href="#r-Vpc">Vpc</a>',
        '- <b>B</b>: <i>!GetAtt</i> <a href="#r-Db">Db</a>.Endpoint # x',
        "'q': a &amp; b",
        "<b>S</b>: |",
        '<i class="s">  C: !Ref Vpc</i>',
        '<i class="s">  &lt;b&gt;</i>',
        "",
        '<b>D</b>: <i>!If</i> [Has, <i>!Ref</i> <a href="#r-Vpc">Vpc</a>, 1]',
    ]
