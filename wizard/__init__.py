"""The engine of auth0-migration-wizard: moves the users of a legacy store into Auth0."""

__version__ = "0.1.0"
