from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from tap.report.picture.icons import ICONS
from tap.report.picture.kinds import LOOKS
from tap.report.picture.picture import in_words, picture
from tests.report.drawn import NAMES, body, scene_of

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("system", NAMES)
def test_a_file_that_stands_alone(system: str) -> None:
    text = picture(scene_of(system))
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    labelled = root.get("aria-labelledby", "").split()
    assert labelled == [child.get("id") for child in root][:2]
    assert all(line in (root.findtext(f"{SVG}desc") or "") for line in in_words(scene_of(system)))
    assert "prefers-color-scheme:dark" in text
    assert not any(word in text for word in ("<script", "href=", "<image", "@import", "url(http"))


def test_the_same_bytes_each_time() -> None:
    assert picture(scene_of("payments")) == picture(scene_of("payments"))


def test_on_a_page_each_box_leads_somewhere() -> None:
    scene = scene_of("ecommerce")
    root = ET.fromstring(picture(scene, lambda node: f"#box-{node.key}"))
    leads = [each.get("href") for each in root.iter(f"{SVG}a")]
    assert sorted(leads, key=str) == sorted(["#box-", *(f"#box-{box.key}" for box in scene.boxes())])
    assert all(each.get("aria-label") for each in root.iter(f"{SVG}a"))
    assert root.find(f"{SVG}style") is None


def test_a_box_says_what_it_is_for() -> None:
    root = ET.fromstring(picture(scene_of("payments")))
    said = {each.text for each in root.iter(f"{SVG}title")}
    assert body("payments")["Resources"]["LoadBalancer"]["Metadata"]["Description"] in said
    assert "LoadBalancer → BackendService: HTTP 3000" in said


def test_text_can_never_be_markup() -> None:
    text = picture(replace(scene_of("payments"), title='<script>&"', says="</desc><b>"))
    root = ET.fromstring(text)
    assert '<script>&"' in {each.text for each in root.iter(f"{SVG}text")}


def test_every_look_has_its_icon() -> None:
    assert {look.icon for look in LOOKS.values()} | {"users"} <= ICONS.keys()
    for icon in ICONS.values():
        ET.fromstring(f"<g>{icon}</g>")
