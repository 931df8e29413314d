"""The embedded battle engine: SMAC's battles by StarCraft II's own unit data, compiled, many battles at once."""
