"""The equations, one step at a time, in numpy only: the truth everything else is checked against."""
