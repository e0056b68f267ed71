"""
The pipelines by name: the whole compiler as three tuples of passes.

    imported qnn --INTEGER--> integer qnn --DATAFLOW--> folded stream --PROCESS--> hlsc, ready to print

The command-line tools, the driver and the `qnn-compile` pass use these and nothing else.
"""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.passes import ModulePass

from qnn_ir.passes.actors.port_widths import PORT_BITS
from qnn_ir.passes.convert_qnn_to_stream import ConvertQnnToStreamPass
from qnn_ir.passes.convert_stream_to_hlsc import ConvertStreamToHlscPass
from qnn_ir.passes.hlsc_legalize_names import HlscLegalizeNamesPass
from qnn_ir.passes.hlsc_pack_bits import HlscPackBitsPass
from qnn_ir.passes.hlsc_verify_processes import HlscVerifyProcessesPass
from qnn_ir.passes.qnn_fuse_thresholds import QnnFuseThresholdsPass
from qnn_ir.passes.qnn_integerize import QnnIntegerizePass
from qnn_ir.passes.qnn_narrow_types import QnnNarrowTypesPass
from qnn_ir.passes.qnn_remove_dead_channels import QnnRemoveDeadChannelsPass
from qnn_ir.passes.qnn_split_host import QnnSplitHostPass
from qnn_ir.passes.stream_fold import StreamFoldPass
from qnn_ir.passes.stream_insert_width_converters import StreamInsertWidthConvertersPass


def integer_passes(input: str | None = None) -> tuple[ModulePass, ...]:
    """From the imported float graph to proven integers, host functions split off."""
    return (
        QnnIntegerizePass(input=input),
        QnnRemoveDeadChannelsPass(),
        QnnFuseThresholdsPass(),
        QnnNarrowTypesPass(),
        QnnSplitHostPass(),
    )


def dataflow_passes(folding: StreamFoldPass | None = None, interface: str = "axis") -> tuple[ModulePass, ...]:
    """From integer tensors to folded actors with matching channels, those outside as wide as `interface` allows."""
    widths = StreamInsertWidthConvertersPass(port_bits=PORT_BITS.get(interface, PORT_BITS["axis"]))
    return (ConvertQnnToStreamPass(), folding or StreamFoldPass(), widths)


def process_passes(interface: str = "axis") -> tuple[ModulePass, ...]:
    """From actors to processes that are printed as they stand; `interface` of the ports: `axis` or `memory`."""
    convert = ConvertStreamToHlscPass(interface=interface)
    return (convert, HlscPackBitsPass(), HlscVerifyProcessesPass(), HlscLegalizeNamesPass())


def default_pipeline(
    input: str | None = None, folding: StreamFoldPass | None = None, interface: str = "axis"
) -> tuple[ModulePass, ...]:
    """Every pass from the imported graph to printable processes."""
    return (*integer_passes(input), *dataflow_passes(folding, interface), *process_passes(interface))


def record_pipeline(module: ModuleOp, passes: tuple[ModulePass, ...]) -> None:
    """Keep the effective pipeline in the module; the generated files quote it."""
    module.attributes["qnn.pipeline"] = StringAttr(",".join(str(p.pipeline_pass_spec()) for p in passes))


@dataclass(frozen=True)
class QnnCompilePass(ModulePass):
    """The default pipeline as one pass, for `qnn-opt model.onnx -p qnn-compile -t hls-cpp`."""

    name = "qnn-compile"

    input: str | None = None
    target_cycles: int | None = None
    folding_file: str | None = None
    interface: str = "axis"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for p in self.steps():
            p.apply(ctx, op)

    def steps(self) -> tuple[ModulePass, ...]:
        """The passes that it consists of, for tools that show what happens between them."""
        folding = StreamFoldPass(target_cycles=self.target_cycles, folding_file=self.folding_file)
        passes = default_pipeline(self.input, folding, self.interface)
        return (*passes, _RecordPipelinePass(passes))


@dataclass(frozen=True)
class _RecordPipelinePass(ModulePass):
    """`record_pipeline` as the last step of `qnn-compile`."""

    name = "qnn-record-pipeline"

    passes: tuple[ModulePass, ...]

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        record_pipeline(op, self.passes)
