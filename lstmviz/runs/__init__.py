"""Runs: what a training is told, and what it leaves behind in its folder."""
