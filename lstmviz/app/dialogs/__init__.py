"""The dialogs. Each asks one thing and answers with plain data."""
