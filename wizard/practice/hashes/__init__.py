"""Which password hashes an import takes, and whether a typed password belongs to one."""
