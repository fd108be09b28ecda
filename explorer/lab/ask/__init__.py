"""Questions that need an act: probes, journeys, captures, the grid, measurements, scripts, terminals."""
