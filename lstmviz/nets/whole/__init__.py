"""Whole models, run as their authors meant them, to see what one recurrent layer in them reads."""
