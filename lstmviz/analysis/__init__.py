"""Saturation, horizons and what pushed a gate: arrays in, arrays out."""
