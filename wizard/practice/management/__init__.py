"""The Management API of connections, applications, APIs, grants, settings and logs."""
