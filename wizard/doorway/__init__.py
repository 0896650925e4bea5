"""The API in front of the legacy store, which the login and get user scripts call."""
