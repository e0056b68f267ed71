"""Charts as inline SVG: horizontal bars, as many as there are rows. All text is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_ROW, _BAR, _LABEL, _PLOT, _VALUE = 22, 12, 190, 520, 90


@dataclass(frozen=True)
class Bar:
    """One bar: its label, its value, the text beside it, its class in the style sheet, and what a pointer shows."""

    label: str
    value: float
    text: str
    kind: str
    hint: str = ""


def bars(rows: Sequence[Sequence[Bar]], name: str, limit: float | None = None, limit_text: str = "") -> str:
    """
    A chart of groups of bars that share the label of their first one. `limit` is a line across all; `name` says to
    those who cannot see the chart what it shows.
    """
    largest = max((bar.value for group in rows for bar in group if bar.value != float("inf")), default=0)
    scale = _PLOT / max(largest, limit or 0, 1e-9)
    height = sum(_ROW + _BAR * (len(group) - 1) for group in rows) + 20
    parts: list[str] = []
    top = 16
    for group in rows:
        parts.append(_text(_LABEL - 8, top + 10, group[0].label, "label", _LABEL // 7))
        for bar in group:
            parts.append(_bar(top, bar, scale))
            top += _BAR
        top += _ROW - _BAR
    if limit is not None:
        x = _LABEL + limit * scale
        parts.append(f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="12" y2="{height}"/>')
        parts.append(_text(x, 9, limit_text, "limit-text"))
    width = _LABEL + _PLOT + _VALUE
    title = f'role="img" aria-label="{escape(name)}"'
    return f'<svg viewBox="0 0 {width} {height}" {title}>{"".join(parts)}</svg>'


def _bar(top: int, bar: Bar, scale: float) -> str:
    length = min(max(bar.value * scale, 1.5 if bar.value else 0), _PLOT)
    hint = f"<title>{escape(bar.hint or bar.label)}</title>"
    box = (
        f'<rect class="{bar.kind}" x="{_LABEL}" y="{top}" width="{length:.1f}" height="{_BAR - 2}" rx="2">{hint}</rect>'
    )
    return box + _text(_LABEL + length + 6, top + 9, bar.text, "value")


def _text(x: float, y: float, text: str, kind: str, longest: int = 60) -> str:
    shown = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(shown)}</text>'
