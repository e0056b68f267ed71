"""Where the cycles and the bits go."""
