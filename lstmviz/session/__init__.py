"""The one mutable state, its frozen snapshot, the player, the commands, settings and undo. No Qt, no torch."""
