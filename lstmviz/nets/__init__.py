"""torch: cells as modules, and the readers of models."""
