"""Trial logins by the Authentication API, to prove that imported passwords work."""

from __future__ import annotations

from urllib.parse import urlencode

from wizard.auth0.call import Answer, Call
from wizard.auth0.errors import AnswerNotUnderstood
from wizard.auth0.models import LoginResult
from wizard.auth0.refusals import Failure
from wizard.auth0.session import Session

GRANT = "http://auth0.com/oauth/grant-type/password-realm"
_BLOCKED = r"suspicious login|has been blocked|too many (failed )?(login )?attempts"


def _failure(answer: Answer) -> Failure:
    return Failure.of("let a canary log in", "POST /oauth/token", answer.status, answer.body)


def _is_blocked(answer: Answer) -> bool:
    failure = _failure(answer)
    return answer.status >= 400 and (failure.error == "too_many_attempts" or failure.says(_BLOCKED))


class LoginCalls(Session):
    """The part of `Management` that logs canaries in."""

    async def machine_token(self, client_id: str, client_secret: str, audience: str) -> str:
        """A token of an application for an API of one's own.

        Raises:
            Refused: the application, its secret or its grant is not accepted.
        """
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "audience": audience,
        }
        content = ("application/x-www-form-urlencoded", urlencode(form).encode())
        doing = f"give a token for the API {audience}"
        call = Call("POST", "/oauth/token", doing, "authentication", content=lambda: content, repeatable=True)
        body = self._understood(call, await self._http.send(call))
        token = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str):
            raise AnswerNotUnderstood("A token has no access_token", remedy="Check the tenant's domain.")
        return token

    async def login(
        self, realm: str, username: str, password: str, client_id: str, client_secret: str | None
    ) -> LoginResult:
        """Log in once with a password.

        Args:
            realm: Name of the connection.
            username: E-mail address or username.
            password: Of the canary account.
            client_id: An application with the password-realm grant for which the connection is enabled.
            client_secret: Its secret; None for a public one.

        Raises:
            AnswerLost: the answer never came; trying again counts as another login.
        """
        form = {"grant_type": GRANT, "realm": realm, "username": username, "password": password, "client_id": client_id}
        form |= {"client_secret": client_secret} if client_secret else {}
        content = ("application/x-www-form-urlencoded", urlencode(form).encode())
        call = Call(
            "POST",
            "/oauth/token",
            "let a canary log in",
            "authentication",
            content=lambda: content,
            as_it_is=_is_blocked,
        )
        answer = await self._http.send(call)
        failure = _failure(answer)
        return LoginResult(outcome=_outcome(answer, failure), why="" if answer.status == 200 else failure.why)


def _outcome(answer: Answer, failure: Failure) -> str:
    if answer.status == 200:
        return "accepted"
    if _is_blocked(answer):
        return "blocked"
    return {
        "mfa_required": "mfa_required",
        "invalid_grant": "wrong_password",
        "invalid_user_password": "wrong_password",
        "access_denied": "denied",
    }.get(failure.error, "not_allowed")
