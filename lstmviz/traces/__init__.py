"""Traces: every signal of one model on one sequence, the store they are kept in, and their exporters."""
