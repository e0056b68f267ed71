"""
Identifiers that are legal in C++, Verilog and Tcl at once. Pure Python, no IR.

Names come from a model and are data: any Unicode, any length, any number of them alike. What comes out is ASCII,
differs in more than case (Windows file names, VHDL), and depends on nothing but the names and their order.
"""

import re

LONGEST = 64
"""Vendor tools derive names and paths from ours and have limits of their own."""

_CPP = """
alignas alignof and and_eq asm atomic_cancel atomic_commit atomic_noexcept auto bitand bitor bool break case catch char
char8_t char16_t char32_t class compl concept const consteval constexpr constinit const_cast continue co_await
co_return co_yield decltype default delete do double dynamic_cast else enum explicit export extern false float for
friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected
public reflexpr register reinterpret_cast requires return short signed sizeof static static_assert static_cast struct
switch synchronized template this thread_local throw true try typedef typeid typename union unsigned using virtual void
volatile wchar_t while xor xor_eq
assert errno eof null stdin stdout stderr offsetof linux unix main std size_t ptrdiff_t
int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t
"""
_VERILOG = """
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before begin bind bins
binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config const
constraint context continue cover covergroup coverpoint cross deassign default defparam design disable dist do edge
else end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface endmodule
endpackage endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event eventually expect
export extends extern final first_match for force foreach forever fork forkjoin function generate genvar global highz0
highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include initial inout input inside
instance int integer interconnect interface intersect join join_any join_none large let liblist library local
localparam logic longint macromodule matches medium modport module nand negedge nettype new nexttime nmos nor
noshowcancelled not notif0 notif1 null or output package packed parameter pmos posedge primitive priority program
property protected pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase
randsequence rcmos real realtime ref reg reject_on release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1
s_always s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal showcancelled signed small
soft solve specify specparam static string strong strong0 strong1 struct super supply0 supply1 sync_accept_on
sync_reject_on table tagged task this throughout time timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand
trior trireg type typedef union unique unique0 unsigned until until_with untyped use uwire var vectored virtual void
wait wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor
clk clock rst reset
"""
_TCL = """
after append apply array auto_execok auto_import auto_load auto_mkindex auto_qualify auto_reset bgerror binary break
catch cd chan clock close concat continue coroutine dict encoding eof error eval exec exit expr fblocked fconfigure
fcopy file fileevent flush for foreach format gets glob global history if incr info interp join lappend lassign lindex
linsert list llength lmap load lrange lrepeat lreplace lreverse lsearch lset lsort namespace next open package pid proc
puts pwd read regexp regsub rename return scan seek set socket source split string subst switch tailcall tell throw
time trace try unknown unload unset update uplevel upvar variable vwait while yield yieldto zlib
"""
_OURS = """
hls ap_int ap_uint ap_range_ref ap_axis ap_axiu stream read write empty full size frames frame top net accelerator_tb
testbench words bits low high count_ge step_sum requant lookup popcount dot clamp
"""
RESERVED = frozenset(" ".join((_CPP, _VERILOG, _TCL, _OURS)).split())
"""Lower-case words that no generated name may be: keywords of the three languages and what generated code uses."""


def legal(name: str, fallback: str = "n") -> str:
    """
    The nearest legal identifier: letters, digits and single underscores, a letter first, at most `LONGEST` long.

    Underscores at the ends or in pairs are reserved in C++. A keyword gets the suffix `_0`.
    """
    text = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    if not text:
        text = fallback
    if text[0].isdigit():
        text = f"{fallback}_{text}"
    text = text[:LONGEST].rstrip("_")
    return f"{text}_0" if text.lower() in RESERVED else text


class Names:
    """
    Names handed out so far; no two are equal when case is ignored.

    An inner scope sees the names of its `outer` scope as taken, so a local name never hides a global one.
    """

    def __init__(self, outer: "Names | None" = None):
        self.outer = outer
        self.taken: set[str] = set()

    def is_free(self, name: str) -> bool:
        """Whether `name` differs from all names of this scope and the outer ones."""
        return name.lower() not in self.taken and (self.outer is None or self.outer.is_free(name))

    def take(self, name: str, fallback: str = "n") -> str:
        """A legal identifier like `name` that is free, from now on taken: `name`, else `name_1`, `name_2`, ..."""
        base = candidate = legal(name, fallback)
        number = 0
        while not self.is_free(candidate):
            number += 1
            suffix = f"_{number}"
            candidate = base[: LONGEST - len(suffix)].rstrip("_") + suffix
        self.taken.add(candidate.lower())
        return candidate
