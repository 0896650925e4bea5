"""What F1 says about the steps of automatic migration."""

from __future__ import annotations

AUTOMATIC: dict[str, str] = {
    "custom_database": """\
# Own database
The connection gets two switches: *Use my own database* and *Import Users to Auth0*. From then on its scripts are asked about
everybody whom Auth0 does not know, and who is found moves in.

**Why now.** Auth0 refuses the first switch once the connection has users. There is no way back either, once somebody is in.

**Why placeholders.** Between the switch and the real scripts somebody may try to log in. The placeholders let nobody in and
create nobody, so nothing half-made is left.

**Auth0 calls it** a *custom database connection* with *automatic migration*, also trickle or lazy migration.

**In the Dashboard.** Authentication > Database > the connection > Custom Database, and Settings > Import Users to Auth0.
""",
    "legacy_api": """\
# Legacy API
A small service that you run beside the legacy store. At a user's first login Auth0 asks it: is this password right, and who
is this?

**Why a service.** The store's own database stays closed to the internet. Every hash that this wizard can check is checked
there, also those that Auth0 cannot import. The profile is the one of the bulk file: the same mapping makes both.

**Who may call it.** Only one application, by tokens that Auth0 issues for the *audience*. End users get none.

**Serving it.** `auth0-migrate legacy-api answers.toml` serves it; a Dockerfile and a systemd unit come along. TLS is for a
proxy before it. Users who have moved are marked in a table of its own; the legacy tables are only read.

**Auth0 calls it** an *API* (resource server) with a *Machine to Machine application*: Applications > APIs.
""",
    "scripts": """\
# Scripts
Two scripts of the connection. *login* asks the legacy API about a password, *get user* about an address when somebody resets
a password. What they return becomes the user.

**Read them.** F6 shows the open one over the whole screen. *Diff* holds them against what is on the tenant. *Values* are the
configuration keys that they read; secrets are never shown.

**Try.** Runs both here, in the Node that Auth0 uses, against the legacy API, for an account that you type. Nothing is written.
The profile is masked until F7.

**In the Dashboard.** Authentication > Database > the connection > Custom Database > Database Action Scripts.
""",
    "guards": """\
# Guards
Small pieces of code that run at every login while the migration goes on.

**Keep end users from the legacy API** denies everybody a token for it who is no application.
**Fetch missing metadata** mends what a broken first login left out, once a user.
**Mark as migrated** tells the legacy store who has moved, so that get user no longer finds them there.

**Actions or Rules.** Rules ended on 2026-11-18; Actions do the same. Those of others stay as they are, in their order.

**In the Dashboard.** Actions > Triggers > post-login.
""",
    "trickle": """\
# Automatic phase
Users move by themselves, each at the next login, for days or weeks. Nothing is asked of them and nobody waits for you.

**The curve** is drawn from what each look counted. People who come often move first, so it flattens; some never come. The
forecast is the range that the counts so far allow, and says nothing before a few looks on different days.

**Going on.** By hand, at a share, or on a day; you can change your mind while it lasts. Then whoever is left is imported in
bulk (two-phase), or stays behind (automatic).

You may close the wizard: open the run again, or let a timer run `auth0-migrate resume RUN` once a day.

In a rehearsal the dates here are **practice time**: a week passes there in less than a minute. All other pages tell your own time.
""",
    "cutover": """\
# Cutover
The end of the migration. Login and get user become scripts that find nobody, then what only the migration needed is removed:
the configuration values, the grant, the application, the guards that this run made.

**Gates.** The automatic phase is over, every user is accounted for, all checks hold, and you have decided about those who
were rejected. What is missing is said below each closed gate.

**Import mode stays on.** With it off Auth0 would look for users in the legacy store alone, and refuse imports.

**If something is wrong afterwards**, `auth0-migrate undo RUN --cutover` puts the scripts back and makes anew what they need, so
that users can move at login again. The run then waits here until the name is typed once more.
""",
}
