"""A practice tenant: the slice of Auth0's Management and Authentication API that a migration touches, on this machine.

`tenant.PracticeTenant` holds the state (one SQLite connection), the clock, the switches and the faults, and builds the
ASGI application. The areas around it each own their tables and routes. `users` and `jobs` own people:

    users.create_tables(db: sqlite3.Connection) -> None            jobs.create_tables(db) -> None
    users.routes(tenant: PracticeTenant) -> list[starlette.routing.Route]       jobs.routes(tenant) -> list[Route]
    users.password_login(tenant, connection: Connection, username: str, password: str, ip: str) -> dict[str, Any]
        the user as the Management API shows it; AuthError for a wrong password, an unknown or a blocked user
    users.has_users(tenant, connection_id: str) -> bool
    users.delete_users(tenant, connection_id: str) -> None         all of them, at once
    users.delete_user_by_email(tenant, connection_id: str, email: str) -> None
    users.user_profile(tenant, user_id: str) -> dict[str, Any] | None

Routes carry their whole path (`/api/v2/users/{id}`), call `access.require(request, "read:users", ...)` first, read
bodies with `reading.json_body(request)` and raise `errors.ApiError`. A handler never awaits inside a transaction, so each
request is one step of one writer. What becomes due with time (jobs, index lag) is settled in a callable appended to
`tenant.before_request`. `schema.problems(value, shape)` checks JSON with Auth0's words.
"""
