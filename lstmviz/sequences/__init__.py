"""Sequences: what goes in. Readers of files, and generators with known truth."""
