"""The API in front of the legacy store, and the scripts, Actions and Rules of the tenant that call it."""
