"""What window and engine say to one another, and the client that starts, asks and restarts the engine."""
