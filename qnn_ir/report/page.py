"""The report as one page of HTML, complete in itself: summary, charts, and the table of layers."""

from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any

from qnn_ir.report.resources import RESOURCES, STAGES, TITLES, amounts, figures, latest, shares, warnings
from qnn_ir.report.svg import Bar, bars
from qnn_ir.report.transfers import bound

_STYLE = "page.css"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # a name from a model can load nothing


def page(report: Mapping[str, Any]) -> str:
    """The whole page. Names from the model are text in it and nothing else."""
    title = f"{report['model']} on {report['board']}"
    style = (files("qnn_ir.report") / _STYLE).read_text(encoding="utf-8")
    body = "".join(
        [
            f"<header><h1>{escape(str(report['model']))}</h1><p>{escape(_about(report))}</p></header>",
            _tiles(report),
            "".join(f'<p class="warning">{escape(line)}</p>' for line in (bound(report), *warnings(report)) if line),
            _section("Resources of the device", _device(report), _legend(report)),
            _section("Cycles per frame", _cycles(report), _CYCLES_LEGEND),
            _section("Layers", _table(report), ""),
            *(
                _section(f"{TITLES[name]} per layer", _resource(report, name), _legend(report))
                for name in _shown(report)
            ),
        ]
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>{body}</body></html>\n"
    )


def _about(report: Mapping[str, Any]) -> str:
    tools = [f"{stage} by {report[stage]['tool']}" for stage in STAGES[1:] if stage in report]
    return " · ".join(
        [f"{report['board']} ({report['part']})", f"{report['clock_mhz']:g} MHz", *(tools or ["estimates"])]
    )


def _tiles(report: Mapping[str, Any]) -> str:
    fps = report["frames_per_second"]
    placed, stage = figures(report, "placed"), latest(report)
    tiles = [
        ("Frames per second", f"{fps:,.0f}" if fps else "–", "steady state"),
        ("Cycles per frame", f"{report['cycles_per_frame']:,}", "of the slowest layer"),
        ("Weights", _bits(report["weight_bits"]), f"in {len(report['layers'])} layers"),
    ]
    used = shares(amounts(figures(report, stage)), amounts(figures(report, "device")))
    if used:
        name = max(used, key=lambda n: used[n])
        tiles.append((f"{TITLES[name]}, {stage}", _percent(used[name]), f"scarcest of {report['board']}"))
    if "wns_ns" in placed:
        tiles.append(("Slack", f"{placed['wns_ns']:g} ns", f"up to {placed.get('fmax_mhz', 0):g} MHz"))
    if "power_w" in placed:
        tiles.append(("Power", f"{placed['power_w']:g} W", "estimated by Vivado"))
    cells = (
        f'<div class="tile"><div class="what">{escape(what)}</div><div class="figure">{escape(figure)}</div>'
        f'<div class="note">{escape(note)}</div></div>'
        for what, figure, note in tiles
    )
    return f'<div class="tiles">{"".join(cells)}</div>'


def _bits(count: int) -> str:
    for size, unit in ((8e6, "MB"), (8e3, "kB")):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 8:.0f} B"


def _percent(share: float) -> str:
    return f"{share:g} %" if share != float("inf") else "none there"


def _section(title: str, content: str, legend: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{legend}{content}</section>" if content else ""


def _stages(report: Mapping[str, Any]) -> list[str]:
    """The stages that some layer or the whole has figures of."""
    places = [report, *report["layers"]]
    return [stage for stage in STAGES if any(amounts(figures(place, stage)) for place in places)]


def _legend(report: Mapping[str, Any]) -> str:
    keys = "".join(f'<span><i class="{stage}"></i>{stage}</span>' for stage in _stages(report))
    return f'<p class="legend">{keys}</p>'


_CYCLES_LEGEND = (
    '<p class="legend"><span><i class="critical"></i>critical: sets the speed of the whole</span>'
    '<span><i class="cycles"></i>other layers wait for it</span></p>'
)


def _device(report: Mapping[str, Any]) -> str:
    """A group of bars per resource that the design uses or the device has."""
    device = amounts(figures(report, "device"))
    groups: list[list[Bar]] = []
    for name in RESOURCES:
        group: list[Bar] = []
        for stage in _stages(report):
            whole = amounts(figures(report, stage))
            if (share := shares(whole, device).get(name)) is None or not (device[name] or whole[name]):
                continue
            text = f"{_percent(share)} ({whole[name]:,.0f} of {device[name]:,.0f})"
            kind = stage if share <= 100 else f"{stage} over"
            group.append(Bar(TITLES[name], min(share, 200), text, kind, f"{TITLES[name]} {stage}: {text}"))
        if group:
            groups.append(group)
    return bars(groups, "Share of the device per resource", 100, "100 %") if groups else ""


def _cycles(report: Mapping[str, Any]) -> str:
    steps = [(row["name"], row["node"], row["cycles"]) for row in report["layers"]]
    steps += [(f"memory, {row['port']}", f"{row['bytes']:,} bytes", row["cycles"]) for row in report["transfers"]]
    slowest = max((cycles for *_, cycles in steps), default=0)
    groups = [
        [
            Bar(
                name,
                cycles,
                f"{cycles:,}",
                "critical" if cycles == slowest else "cycles",
                f"{name} ({what}): {cycles:,} cycles per frame",
            )
        ]
        for name, what, cycles in steps
    ]
    return bars(groups, "Cycles per frame of every layer and of memory") if groups else ""


def _shown(report: Mapping[str, Any]) -> list[str]:
    """The resources that layers take."""
    stages = _stages(report)
    return [n for n in RESOURCES if any(figures(row, s).get(n) for row in report["layers"] for s in stages)]


def _resource(report: Mapping[str, Any], name: str) -> str:
    groups: list[list[Bar]] = []
    for row in report["layers"]:
        known = [(stage, amounts(figures(row, stage)).get(name)) for stage in _stages(report)]
        group = [
            Bar(row["name"], value, f"{value:,.0f}", stage, f"{row['name']}: {value:,.0f} {TITLES[name]} {stage}")
            for stage, value in known
            if value is not None
        ]
        if any(bar.value for bar in group):
            groups.append(group)
    return bars(groups, f"{TITLES[name]} of every layer that takes some") if groups else ""


_TEXT = ("name", "node", "actor", "shape", "pe", "simd", "memory", "accumulator")


def _table(report: Mapping[str, Any]) -> str:
    stages = _stages(report)
    pairs = [(stage, name) for stage in stages for name in _shown(report)]
    columns = [(s, n) for s, n in pairs if any(n in figures(row, s) for row in report["layers"])]
    head = [*_TEXT, "cycles", "weight bits", *(f"{TITLES[name]} {stage}" for stage, name in columns)]
    rows = "".join(_row(row, columns, report["cycles_per_frame"]) for row in report["layers"])
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(row: Mapping[str, Any], columns: list[tuple[str, str]], slowest: int) -> str:
    texts = "".join(f"<td>{escape(str(row.get(key, '')))}</td>" for key in _TEXT)
    share = 100 * row["cycles"] / slowest if slowest else 0
    critical = share == 100
    bar = f'<td class="number bar" style="--share:{share:.0f}%">{row["cycles"]:,}</td>'
    numbers = [f"{row['weight_bits']:,}", *(_cell(figures(row, stage).get(name)) for stage, name in columns)]
    cells = "".join(f'<td class="number">{cell}</td>' for cell in numbers)
    return f"<tr{' class=critical' if critical else ''}>{texts}{bar}{cells}</tr>"


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
