"""The page of a report: complete in itself, and safe whatever a model calls its nodes."""

from html.parser import HTMLParser

import pytest
from report_examples import MEASURED, REPORT

from qnn_ir.report.measured import with_measured
from qnn_ir.report.page import page

HOSTILE = '</title></style></svg><script>alert(1)</script>"><img src=x onerror=alert(2)> & ]]> \'"'
VOID = {"meta"}


class Reader(HTMLParser):
    """Checks that elements are closed in their order and keeps tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


def test_everything_is_in_it() -> None:
    reader = read(page(with_measured(REPORT, MEASURED)))
    for wanted in (
        "net.onnx",
        "fc0_width",
        "Cycles per frame",
        "LUT per layer",
        "120 % (1,200 of 1,000)",
        "does not fit",
    ):
        assert wanted in reader.text
    kinds = [value for name, value in reader.attributes if name == "class"]
    assert {"estimated", "synthesised", "placed", "placed over", "critical", "cycles"} <= set(kinds)
    assert reader.tags.count("tr") == 1 + len(REPORT["layers"])


def test_nothing_comes_from_elsewhere() -> None:
    text = page(with_measured(REPORT, MEASURED))
    reader = read(text)
    assert not {"script", "link", "img", "iframe", "object"} & set(reader.tags)
    assert not {"src", "href", "xlink:href"} & {name for name, _ in reader.attributes}
    assert not any(name.startswith("on") for name, _ in reader.attributes)
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


@pytest.mark.parametrize("key", ["name", "node", "shape", "accumulator"])
def test_names_are_text(key: str) -> None:
    rows = [row | {key: HOSTILE} for row in REPORT["layers"]]
    plain, hostile = read(page(REPORT)), read(page({**REPORT, "model": HOSTILE, "layers": rows}))
    assert hostile.tags == plain.tags
    assert HOSTILE in hostile.text


def test_without_layers_and_figures() -> None:
    empty = {**REPORT, "layers": [], "transfers": [], "estimated": {}, "cycles_per_frame": 0, "frames_per_second": None}
    assert "net.onnx" in read(page(empty)).text
