"""Models of other frameworks: one reader a format, each giving what it found, none running anything of the file."""
