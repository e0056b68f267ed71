"""
Stand-ins for vendor tools: what they say and write, without the work.

The layout of files and messages is that of published runs of the tools (`solution1/syn/report/*_csynth.xml`,
`solution1/sim/report/*_cosim.rpt`, `vitis_hls.log`, `vivado.log`), documented in UG902, UG1399, UG906 and UG1393.
Figures in the reports follow from a digest of the code: equal code, equal report.

The environment tells them what to do:

    QNN_STANDIN_VERSION=V      the version that they have (default: the one in their path, else 2022.2)
    QNN_STANDIN_COUNT=FILE     append a line `PROGRAM STAGE` for every stage that runs
    QNN_STANDIN_SLOW=S         seconds that every stage takes
    QNN_STANDIN_HANG=STAGE     never end that stage; `STAGE!` ignores the request to end as well
    QNN_STANDIN_FAIL=STAGE[:KIND]  fail there, as if by KIND: error, source, licence, disk, memory, crash, silent
    QNN_STANDIN_WRONG=1        simulations compute something else
    QNN_STANDIN_ONLY=NAME      fail and hang only for the kernel of that name
"""
