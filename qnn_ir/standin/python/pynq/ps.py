"""The processing system."""


class _Clocks:
    """The clocks of the logic in MHz."""

    fclk0_mhz = 100.0
    fclk1_mhz = 100.0
    fclk2_mhz = 100.0
    fclk3_mhz = 100.0


Clocks = _Clocks()
