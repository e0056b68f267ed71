"""`qnn-narrow-types`: every integer tensor gets the narrowest `siN` or `uiN` that its proven range allows."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from qnn_ir.passes.integer_form import main_function, set_types


@dataclass(frozen=True)
class QnnNarrowTypesPass(ModulePass):
    """Interval analysis per channel over the integer form, then new result types."""

    name = "qnn-narrow-types"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Idempotent; values do not change."""
        set_types(main_function(op))
