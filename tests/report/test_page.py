"""A page as text: what it says, that its links lead somewhere, and that what a template says is never markup."""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from troposphere import Ref

from tap import project, synth
from tap.errors import TapError
from tap.model import System
from tap.report.page import prose, render
from tests import fifth_system
from tests.building import pair, parameter, system, tier, topic
from tests.report.drawn import NAMES, body


class Page(HTMLParser):
    """The anchors of a page, where its links lead, its headings, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.headings: list[str] = []
        self.tags: Counter[str] = Counter()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags[tag] += 1
        if told.get("id"):
            self.anchors.append(told["id"] or "")
        if tag == "a":
            self.links.append(told.get("href") or "")
        elif tag == "link" or told.get("src"):
            self.fetched.append(told.get("href") or told.get("src") or "")
        if re.fullmatch(r"h\d", tag):
            self.headings.append(tag)


def built(name: str) -> System:
    return fifth_system.system() if name == fifth_system.NAME else synth.load(name)


@functools.cache
def page(name: str) -> str:
    return render(built(name), synth.emit(built(name), ("stack",)), "1.2.3")


def of(made: System) -> str:
    return render(made, synth.emit(made, ("stack",)))


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    found = Page(page(name))
    assert [anchor for anchor, many in Counter(found.anchors).items() if many > 1] == []
    assert {link for link in found.links if link.removeprefix("#") not in found.anchors} == set()
    assert all(link.startswith("#") for link in found.links)


@pytest.mark.parametrize("name", NAMES)
def test_it_needs_nothing_but_itself(name: str) -> None:
    found = Page(page(name))
    assert found.fetched == ["data:,"]
    assert not found.tags["img"] and not found.tags["iframe"]
    assert "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:" in page(name)
    assert "@import" not in page(name) and len(page(name).encode()) < 1_500_000


@pytest.mark.parametrize("name", NAMES)
def test_it_tells_of_everything_in_the_template(name: str) -> None:
    anchors = set(Page(page(name)).anchors)
    assert {f"r-{each}" for each in body(name)["Resources"]} <= anchors
    assert {f"p-{each}" for each in body(name)["Parameters"]} <= anchors
    assert all(f"<code>{each}</code>" in page(name) for each in body(name)["Outputs"])


@pytest.mark.parametrize("name", NAMES)
def test_no_heading_is_skipped(name: str) -> None:
    levels = [int(heading[1]) for heading in Page(page(name)).headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))


def test_the_same_bytes_each_time() -> None:
    assert of(synth.load("payments")) == of(synth.load("payments"))


def test_a_resource_is_told_of_as_it_is_emitted() -> None:
    (told,) = re.findall(r'<details id="r-SessionsTable".*?</details>', page("customer-portal"), re.DOTALL)
    assert "AWS::DynamoDB::Table" in told
    assert "BillingMode: PAY_PER_REQUEST" in told
    (line,) = re.findall(r'href="#L(\d+)"', told)
    assert re.search(rf'<span id="L{line}">  <b>SessionsTable</b>:</span>', page("customer-portal"))


def test_environments_stand_side_by_side() -> None:
    (row,) = re.findall(r'<tr id="p-DatabaseInstanceClass">.*?</tr>', page("payments"), re.DOTALL)
    assert re.findall(r'data-head="(\w+)"', row) == ["Default", "dev", "staging", "prod"]
    assert "<code>db.r6g.large</code>" in row.partition('data-head="dev"')[2].partition("</td>")[0]
    assert "default" in row.partition('data-head="prod"')[2]


def test_the_checks_explain_it_with_the_parameters_of_the_last_environment() -> None:
    found = Page(page("payments"))
    assert {"paths", "grants", "encryption"} <= set(found.anchors)
    (told,) = re.findall(r'<section id="paths".*?</section>', page("payments"), re.DOTALL)
    assert "With the parameters of prod." in told
    assert '<a href="#r-BackendService"><code>BackendService</code></a>' in told
    assert "the internet → 443 LoadBalancer → 3000 BackendService → 5432 DatabaseCluster" in told
    (told,) = re.findall(r'<section id="encryption".*?</section>', page("payments"), re.DOTALL)
    assert '<a href="#r-Key"><code>Key</code></a>' in told
    assert "paths" not in Page(of(pair())).anchors


def test_requirements_are_there_where_their_rows_are_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = tmp_path / "templates" / "requirements"
    rows.mkdir(parents=True)
    shows = '[PP-1]\nsays = "A VPC"\nshows = ["Vpc.CidrBlock"]\n[PP-2]\nsays = "More"\nshows = ["No.Such"]\n'
    (rows / "payments.toml").write_text(shows)
    monkeypatch.setattr(project, "ROOT", tmp_path)
    (told,) = re.findall(r'<section id="requirements".*?</section>', of(synth.load("payments")), re.DOTALL)
    assert '<a href="#r-Vpc"><code>Vpc</code></a>' in told and "Vpc.CidrBlock = 10.0.0.0/16" in told
    assert ">met</td>" in told and 'class="bad">NOT MET</td>' in told
    assert "requirements" not in Page(of(synth.load("ecommerce"))).anchors


@pytest.mark.parametrize("name", synth.system_names())
def test_every_requirement_is_met_with_the_parameters_of_production(name: str) -> None:
    (told,) = re.findall(r'<section id="requirements".*?</section>', page(name), re.DOTALL)
    assert told.count(">met</td>") > 20 and "NOT MET" not in told


def test_what_shows_a_requirement_stands_line_by_line_the_edge_included() -> None:
    assert "<br>edge:Firewall.Scope = CLOUDFRONT<br>" in page("media-streaming")


def test_the_edge_has_a_part_with_anchors_of_its_own() -> None:
    anchors = Page(page("media-streaming")).anchors
    assert {"edge", "edge-r-Firewall", "r-Firewall", "edge-L1", "L1"} <= set(anchors)
    assert "edge" not in Page(page("payments")).anchors


def test_the_version_stands_in_its_head() -> None:
    assert "version 1.2.3</p>" in page("payments")
    assert "version" not in of(synth.load("payments")).partition("</header>")[0].partition("<header>")[2]


def test_what_a_template_says_is_never_markup() -> None:
    says = '<script>alert(1)</script> & `<b>` "'
    note = parameter("Note", Default="<i>&", ConstraintDescription="no <u>")
    made = system(tier("one", note, topic("T", DisplayName=Ref("Note"), TopicName=says)))
    text = of(made)
    assert Page(text).tags["script"] == 1
    assert "&lt;i&gt;&amp;" in text and "no &lt;u&gt;" in text and "&lt;script&gt;alert" in text


def test_prose() -> None:
    assert prose("use `a<b` & more") == "use <code>a&lt;b</code> &amp; more"
    assert prose("an odd ` is a letter") == "an odd ` is a letter"


def test_a_system_with_little_has_a_short_page() -> None:
    found = Page(of(pair()))
    assert {"parameters", "outputs", "resources", "deleting", "order", "source"} <= set(found.anchors)
    assert not {"picture", "alarms", "dashboard", "edge"} & set(found.anchors)


def test_without_the_stack_there_is_nothing_to_tell() -> None:
    with pytest.raises(TapError, match="its page tells of the layout stack"):
        render(pair(), synth.emit(pair(), ("tiers",)))
