"""Saturation, horizons, what pushed a gate, patterns and differences: arrays in, arrays out."""
