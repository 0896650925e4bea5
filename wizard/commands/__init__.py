"""The commands of `auth0-migrate`: each module has one click command named `command`, mounted when it is asked for."""
