"""The views. Each shows a snapshot and says what the user asked for; none knows another."""
