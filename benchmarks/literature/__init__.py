"""The rows of benchmarks/classics.py: each task of the literature, what was published, and how ours is measured."""
