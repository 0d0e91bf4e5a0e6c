"""torch: recorder, watch and the process that serves them."""
