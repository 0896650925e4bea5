"""What F1 says about each step: what it does, why, what Auth0 calls it, where it is in the Dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.help_automatic import AUTOMATIC
from screens.widgets.draw import sentence

if TYPE_CHECKING:
    from screens.guide import Stop

KEYS = """\
**Keys.** Ctrl+N next · Esc back · F2 what will happen · F3 the steps, Enter goes to one · Ctrl+S save the answers ·
Ctrl+Y copy · Ctrl+P every command · Ctrl+Q leave; the run is kept. Browsers keep Ctrl+N for themselves: F4 is the same.

**On the left**, where each step stands: · to do, ● answered (nothing of it is in Auth0 yet), ✓ done (the run has carried it
out), ◌ waiting, ! look at it again, ✗ failed.

**In the corner**, `rate limit ▆ 41/50 free` (`rate 41/50` where it is narrow): of 50 requests that Auth0 takes at once from this
tenant, 41 would be taken now. It fills up again by itself; `3 × 429` counts those that were refused and sent again.
"""

HELP: dict[str, str] = {
    **AUTOMATIC,
    "tenant": """\
# Tenant
Which Auth0 tenant the users move into, and the application that this wizard acts as.

**Why.** Every request carries a token of a machine-to-machine application. What it may do is listed as scopes; the check
shows each one that a later step needs, before anything is written.

**Auth0 calls it** a *Machine to Machine application* authorised for the *Auth0 Management API*.

**In the Dashboard.** Applications > Applications > Create Application > Machine to Machine. Its *Settings* tab has domain,
client id and secret; the scopes are under Applications > APIs > Auth0 Management API > Machine to Machine Applications.

The secret goes into the keyring of this computer. The answers only name it.
""",
    "source": """\
# Legacy store
Where the users come from: a file, or a table or query of a database. It is only ever read.

**Why look here.** The first rows show at once whether encoding, delimiter and header are right. The count is what every later
figure is measured against: no user gets lost between this number and the last one.

**Auth0** has no word for it; its documentation says *your existing user store*.
""",
    "profile": """\
# Profile
Which column feeds which field of the Auth0 user. The sample below changes while you type.

**User id** should be a key that never changes. Auth0 puts `auth0|` in front of it and keeps it for good.
**app_metadata** is for applications; **user_metadata** is what users may change themselves.

**Writing it.** `mail` is a column, `{first} {last}` a template of columns, `=legacy` the same value for everybody.
F8 lists the columns with a value of each, to choose one; a template takes it where the cursor is. Esc puts a row back as it
was. `98% sure` beside a row is a guess from the columns; look at it.

**Transforms**, one after the other: `strip`, `lower`, `upper`, `spaces`, `printable`, `truncate(20)`, `replace("a", "b")`,
`before("@")`, `after("@")`, `remove_prefix("x")`, `remove_suffix("x")`. Last may come one that gives a value: `bool`, `present`,
`int`, `float`, `json`, `split(",")`, `date("%d.%m.%Y")`, `datetime`, `epoch`. `present` is true of a moment, as in a column
`email_verified_at`, and of words for yes; it is false of nothing, 0 and words for no.

**Auth0 calls it** the *bulk import database schema*. A user's page in the Dashboard (User Management > Users) shows the result.
""",
    "passwords": """\
# Passwords
Which hashes Auth0 can take. Users whose hash travels notice nothing; the others reset their password or move when they log in.

**Why it is final.** Auth0 gives a user who is imported without a hash a random one and refuses a hash that comes later.

**Prove it.** Type the e-mail address and password of one account: the wizard checks them against the very hash it would send.

**Auth0 calls it** *password_hash* (bcrypt, cost 10) and *custom_password_hash* (other formats).
""",
    "strategy": """\
# Strategy
Bulk moves everybody now, by import jobs. Automatic moves each user at the first login. Two-phase does one after the other.

**Why it comes this early.** Whether a connection uses its own database cannot be changed once it has users.

**Auth0 calls it** *bulk user import* and *automatic (trickle) migration*.
""",
    "connection": """\
# Connection
The database connection that will hold the users. A new one is made; one that is there stays as it is.

**In the Dashboard.** Authentication > Database.
""",
    "applications": """\
# Applications
Which applications may log users in through the connection. Those that are enabled already stay so.

**Why at least one.** Auth0 refuses imports into a connection that no application may use.

**In the Dashboard.** Authentication > Database > the connection > Applications.
""",
    "prepare": """\
# Prepare
The records become files that import jobs accept. Users that Auth0 would refuse are kept out, each with a reason.

**Leaving some behind.** A reason that you tick here means: I know, and decided. Those users count as skipped, and a run
with nothing else can still be complete.

**In an automatic migration** no files are made. Once the phase is over, it is told of every user whether it has moved;
*not_logged_in* is the reason of those who have not.
""",
    "upload": """\
# Upload
The files become import jobs, two at a time for the whole tenant. The wizard keeps a share of the rate limit free for your
live traffic.

**Overwriting** is off unless you turn it on: a user who is there already stays as it is.

**Auth0 calls it** *POST /api/v2/jobs/users-imports*, and *upsert*.
""",
    "verify": """\
# Verify
How the result is proven: an export of the connection compared with every user, some users looked up one by one, and logins
of accounts whose password you know.

**Logins** need an application that allows the grant *Password Realm* (Applications > the application > Advanced Settings > Grant Types).
""",
    "review": """\
# Review
Everything that will be changed, grouped by step, before any of it is. Approving allows exactly this and nothing else: if the
tenant is different by the time it is done, the run stops and asks again.

Enter opens a change and shows what it sends. `! for good` marks what cannot be undone afterwards; all else `undo` puts back, imported users with `--users`.
""",
    "run": """\
# Run
Files are prepared on this computer, then imported two at a time. You may leave this page or close the wizard: what is done
is kept, and the run goes on from there.

**Pause** finishes what is under way and sends nothing more. **Stop** ends at the next safe instant. F7 resumes what was paused.
While a run **waits**, Ctrl+N opens the page of what it waits for, and F7 looks again. → in the table of files shows more of it.
Jobs that Auth0 has accepted go on there, and are looked up when the run is resumed.

**Undo** is a command of the shell: `auth0-migrate undo RUN` shows what it would put back before it does. F2 here and *Finish*
have it with the name of this run.
""",
    "results": """\
# Results
Where every user is. Read = imported + migrated at login + already there + rejected + left behind as decided.

The list of **reasons** says how many users each is of, and below it what to do about the one with the cursor. Enter lists its
users in the table at the end, which names everybody to look at by their id; it can be filtered and exported.
""",
    "finish": """\
# Finish
The verdict, the report to hand over, and how to repeat this run, or put back what it has changed, without the wizard.
""",
    "start": """\
# Welcome
This wizard moves the users of a legacy store into Auth0, with their passwords where Auth0 accepts the hash.

Nothing is changed before you have seen and approved it. **Practice** is the place to begin: an invented store, a tenant on
this computer, and every screen as it will be.

Answers that were **begun** wait here until they are carried out; Delete removes those you do not want any more. **Runs** stay,
as the record of what was done.
""",
}


def help_for(key: str, stop: Stop | None = None) -> str:
    """The help of a step, with the keys that work everywhere; a step without words here is told by its own section."""
    return f"{HELP.get(key) or _of_section(stop)}\n---\n{KEYS}"


def _of_section(stop: Stop | None) -> str:
    """What a step asks, in the words of its section, and the calls that it makes."""
    if stop is None or stop.step is None:
        return f"# {stop.title if stop else 'Help'}\n"
    from wizard.answers.section import heading, keys

    step = stop.step
    parts = [f"# {step.title}", f"{heading(step.section)}."]
    for name, info in keys(step.section).items():
        parts.append(f"**{info.title or name}.** {sentence(info.description or '')}".rstrip())
    if step.scopes:
        parts.append("**It needs**\n\n" + "\n".join(f"- `{scope}` for {call}" for scope, call in step.scopes.items()))
    return "\n\n".join(parts) + "\n"
