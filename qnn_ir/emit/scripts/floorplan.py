"""Where slots lie: rectangles of clock regions that hold what the largest module needs (UG909, UG835)."""

from collections.abc import Mapping
from dataclasses import dataclass

from qnn_ir.targets import Board

_FILL = 0.65
"""The share of the LUTs of a slot that a module may take: what routing inside a fixed border needs."""

_MEMORY_FILL = 0.85
_STATIC_LUTS = 6000
_STATIC_LUTS_PER_STREAM = 2500
_STATIC_BRAM18_PER_STREAM = 6


@dataclass(frozen=True)
class Need:
    """First estimate of a module."""

    luts: int
    bram18: int
    dsps: int

    def with_room(self) -> "Need":
        """What a slot must have."""
        return Need(
            -(-self.luts * 100 // round(_FILL * 100)),
            -(-self.bram18 * 100 // round(_MEMORY_FILL * 100)),
            -(-self.dsps * 100 // round(_MEMORY_FILL * 100)),
        )


def static_need(streams: int) -> Need:
    """What the static part takes: PS logic and bus, and a DMA engine for each of all streams of all slots."""
    return Need(_STATIC_LUTS + _STATIC_LUTS_PER_STREAM * streams, _STATIC_BRAM18_PER_STREAM * streams, 0)


def share(board: Board, slots: int, streams: int) -> Need:
    """What every one of `slots` slots can have at most."""
    static = static_need(streams)
    return Need(
        (board.luts - static.luts) // slots,
        (board.bram18 - static.bram18) // slots,
        (board.dsps - static.dsps) // slots,
    )


def largest(needs: Mapping[str, Need]) -> Need:
    """The need of a slot that takes any of the modules."""
    rooms = [need.with_room() for need in needs.values()]
    return Need(max(n.luts for n in rooms), max(n.bram18 for n in rooms), max(n.dsps for n in rooms))


def site_needs(board: Board, need: Need) -> dict[str, int]:
    """Kind of site -> how many: a slice has 4 LUTs in the 7 series and 8 in UltraScale."""
    luts = 8 if board.is_ultrascale else 4
    return {"SLICE": -(-need.luts // luts), "RAMB36": -(-need.bram18 // 2), "DSP": need.dsps}


FLOORPLAN = """
# The sites of a clock region by kind: SLICE, RAMB18, RAMB36, DSP48 or DSP48E2, URAM288, and PS for the processor.
proc sites_of {region} {
  set found [dict create]
  foreach site [get_sites -quiet -of_objects [get_clock_regions $region]] {
    if {[regexp {^(SLICE|RAMB18|RAMB36|DSP48E2|DSP48|URAM288|PS)[A-Z0-9]*_X(\\d+)Y(\\d+)$} $site -> kind x y]} {
      dict lappend found $kind [list $x $y]
    }
  }
  return $found
}

proc count {sites kind} {
  set total 0
  foreach name [dict keys $sites $kind*] { incr total [llength [dict get $sites $name]] }
  return $total
}

# The smallest rectangle of free clock regions with what `need` says (kind -> sites); a list of regions.
proc rectangle {need free sites} {
  set best {}
  set smallest 0
  foreach low $free {
    foreach high $free {
      scan $low X%dY%d x0 y0
      scan $high X%dY%d x1 y1
      if {$x1 < $x0 || $y1 < $y0} { continue }
      set inside {}
      for {set x $x0} {$x <= $x1} {incr x} {
        for {set y $y0} {$y <= $y1} {incr y} { lappend inside X${x}Y$y }
      }
      set whole 1
      foreach region $inside { if {$region ni $free} { set whole 0 } }
      if {!$whole} { continue }
      set enough 1
      dict for {kind wanted} $need {
        set held 0
        foreach region $inside { incr held [count [dict get $sites $region] $kind] }
        if {$kind eq "SLICE"} { set size $held }
        if {$held < $wanted} { set enough 0 }
      }
      # A rectangle around the processor is taken only where no other will do.
      foreach region $inside { incr size [expr {1000000 * [count [dict get $sites $region] PS]}] }
      if {$enough && ($best eq {} || $size < $smallest)} { set best $inside; set smallest $size }
    }
  }
  return $best
}

# One range for every kind of site in the regions, e.g. SLICE_X0Y0:SLICE_X49Y99.
proc ranges {regions sites} {
  set corners [dict create]
  foreach region $regions {
    dict for {kind places} [dict get $sites $region] {
      if {$kind eq "PS"} { continue }
      foreach place $places {
        lassign $place x y
        if {![dict exists $corners $kind]} { dict set corners $kind [list $x $y $x $y] }
        lassign [dict get $corners $kind] x0 y0 x1 y1
        set low [list [expr {min($x0, $x)}] [expr {min($y0, $y)}]]
        dict set corners $kind [list {*}$low [expr {max($x1, $x)}] [expr {max($y1, $y)}]]
      }
    }
  }
  set found {}
  dict for {kind corner} $corners {
    lassign $corner x0 y0 x1 y1
    lappend found ${kind}_X${x0}Y${y0}:${kind}_X${x1}Y${y1}
  }
  return $found
}

# A pblock for every slot; what is left must hold the static part.
proc floorplan {slots need static series7} {
  set sites [dict create]
  set free {}
  foreach region [get_clock_regions] {
    dict set sites $region [sites_of $region]
    lappend free $region
  }
  foreach slot $slots {
    set regions [rectangle $need $free $sites]
    if {$regions eq {}} { error "no clock regions hold $slot: it needs $need; fold the largest module smaller" }
    set free [lmap region $free { expr {$region in $regions ? [continue] : $region} }]
    set pblock [create_pblock pblock_$slot]
    add_cells_to_pblock $pblock [get_cells $slot]
    resize_pblock $pblock -add [ranges $regions $sites]
    set_property SNAPPING_MODE ON $pblock
    if {$series7} { set_property RESET_AFTER_RECONFIG true $pblock }
  }
  set left 0
  foreach region $free { incr left [count [dict get $sites $region] SLICE] }
  if {$left < $static} { error "the slots leave $left slices, the static part needs $static: take fewer slots" }
}
"""
