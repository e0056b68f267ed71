"""Reports of HLS tools of several versions."""

import pytest

from qnn_ir.errors import UserError
from qnn_ir.report.hls import cosim, csynth

OLD = """<profile>
<ReportVersion>
<Version>2019.2</Version>
</ReportVersion>
<UserAssignments>
<unit>ns</unit>
<Part>xc7z020clg400-1</Part>
<TopModelName>sobel</TopModelName>
<TargetClockPeriod>10.00</TargetClockPeriod>
</UserAssignments>
<PerformanceEstimates>
<PipelineType>dataflow</PipelineType>
<SummaryOfTimingAnalysis>
<unit>ns</unit>
<EstimatedClockPeriod>8.144</EstimatedClockPeriod>
</SummaryOfTimingAnalysis>
<SummaryOfOverallLatency>
<Best-caseLatency>160</Best-caseLatency>
<Average-caseLatency>undef</Average-caseLatency>
<Worst-caseLatency>2089114</Worst-caseLatency>
<DataflowPipelineThroughput>
<range>
<min>159</min>
<max>2089113</max>
</range>
</DataflowPipelineThroughput>
<Interval-min>159</Interval-min>
<Interval-max>2089113</Interval-max>
</SummaryOfOverallLatency>
</PerformanceEstimates>
<AreaEstimates>
<Resources>
<BRAM_18K>9</BRAM_18K>
<FF>1680</FF>
<LUT>4546</LUT>
<DSP48E>12</DSP48E>
</Resources>
<AvailableResources>
<BRAM_18K>40</BRAM_18K>
<DSP48E>40</DSP48E>
</AvailableResources>
</AreaEstimates>
</profile>
"""

NEW = """<profile>
    <ReportVersion>
        <Version>2023.1</Version>
    </ReportVersion>
    <UserAssignments>
        <TopModelName>conv</TopModelName>
        <TargetClockPeriod>10.00</TargetClockPeriod>
        <ClockUncertainty>2.70</ClockUncertainty>
    </UserAssignments>
    <PerformanceEstimates>
        <SummaryOfTimingAnalysis><EstimatedClockPeriod>7.060</EstimatedClockPeriod></SummaryOfTimingAnalysis>
        <SummaryOfOverallLatency>
            <Best-caseLatency>18852</Best-caseLatency>
            <Worst-caseLatency>undef</Worst-caseLatency>
            <Interval-max>undef</Interval-max>
        </SummaryOfOverallLatency>
        <SummaryOfLoopLatency>
            <LOOP_1><TripCount>588</TripCount><PipelineII>2</PipelineII><PipelineDepth>5</PipelineDepth></LOOP_1>
            <LOOP_2><TripCount>undef</TripCount><PipelineII>1</PipelineII></LOOP_2>
        </SummaryOfLoopLatency>
    </PerformanceEstimates>
    <AreaEstimates>
        <Resources><BRAM_18K>2</BRAM_18K><DSP>32</DSP><FF>1669</FF><LUT>2564</LUT><URAM>0</URAM></Resources>
    </AreaEstimates>
</profile>
"""

COSIM = """
+----------+----------+-----------------------------------------------+
|          |          |             Latency(Clock Cycles)             |
+   RTL    +  Status  +-----------------------------------------------+
|          |          |      min      |      avg      |      max      |
+----------+----------+-----------------------------------------------+
|      VHDL|        NA|             NA|             NA|             NA|
|   Verilog|      {}|            809|            810|            811|{}
+----------+----------+-----------------------------------------------+
"""


def test_the_names_of_2019() -> None:
    assert csynth(OLD, "x") == {
        "name": "sobel", "lut": 4546, "ff": 1680, "bram18": 9, "dsp": 12, "target_ns": 10.0, "clock_ns": 8.144,
        "latency": 2089114, "interval": 2089113,
    }  # fmt: skip


def test_the_names_of_2023() -> None:
    assert csynth(NEW, "x") == {
        "name": "conv", "lut": 2564, "ff": 1669, "bram18": 2, "dsp": 32, "uram": 0, "target_ns": 10.0,
        "clock_ns": 7.06, "ii": 2,
    }  # fmt: skip


def test_cosimulations() -> None:
    assert cosim(COSIM.format("Pass", ""), "x") == {"passed": True, "latency": 811}
    more = "             NA|             NA|            900|                  4000|"
    assert cosim(COSIM.format("Fail", more), "x") == {"passed": False, "latency": 811, "interval": 900, "cycles": 4000}


@pytest.mark.parametrize("text", ["", "<profile>", "<profile/>", "<a/>", NEW.replace("Resources>", "R>")])
def test_what_is_no_report(text: str) -> None:
    with pytest.raises(UserError, match=r"^a\.xml: no report of a synthesis"):
        csynth(text, "a.xml")


def test_what_is_no_cosimulation() -> None:
    with pytest.raises(UserError, match="no report of a co-simulation"):
        cosim(COSIM.format("NA", ""), "a.rpt")
