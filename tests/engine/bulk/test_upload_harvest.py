"""What an ended job says of each user."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from upload_stage import HASH, person

from wizard.auth0.models import JobSummary, RefusedUser
from wizard.bulk.jobs.harvest import cleaned, culprit, harvest

DUPLICATED = {"code": "DUPLICATED_USER", "message": "The user already exist and upsert parameter is false"}


def refused(user: dict[str, Any], *errors: dict[str, Any]) -> RefusedUser:
    shown = {**user, "password_hash": "*****"}
    return RefusedUser.model_validate({"user": shown, "errors": list(errors)})


def test_users_that_are_there_already_are_not_rejected() -> None:
    sent = [person(1), person(2)]
    result = harvest("f", sent, JobSummary(inserted=1, failed=1), [refused(sent[1], DUPLICATED)])
    assert (result.imported, result.already_there, result.rejected) == (1, 1, 0)
    assert not result.refusals


def test_a_user_twice_in_its_file_is_rejected_whatever_the_code() -> None:
    error = {"code": "DUPLICATED_USER", "message": "A user with this email was already provided."}
    sent = [person(1), person(2, email="user1@example.com")]
    result = harvest("f", sent, JobSummary(inserted=1, failed=1), [refused(sent[1], error)])
    assert (result.imported, result.already_there, result.rejected) == (1, 0, 1)
    assert result.refusals[0].user_id == "legacy|2"


def test_a_user_that_exists_and_is_wrong_besides_is_rejected() -> None:
    wrong = {"code": "MIN_LENGTH", "message": "String is too short (0 chars), minimum 1"}
    result = harvest("f", [person(1)], JobSummary(failed=1), [refused(person(1), DUPLICATED, wrong)])
    assert (result.already_there, result.rejected) == (0, 1)


def test_updated_users_count_as_imported() -> None:
    assert harvest("f", [person(1), person(2)], JobSummary(inserted=1, updated=1), []).imported == 2


def test_without_a_summary_those_not_refused_were_imported() -> None:
    sent = [person(1), person(2), person(3)]
    error = {"code": "FORMAT", "message": "no"}
    result = harvest("f", sent, None, [refused(sent[0], error), refused(sent[2], DUPLICATED)])
    assert (result.imported, result.already_there, result.rejected) == (1, 1, 1)


def test_users_without_their_mfa_factors_count_once_however_auth0_counts_them() -> None:
    sent = [person(1), person(2)]
    partly = [refused(sent[1], {"code": "MFA_FACTORS_FAILED", "message": "Unable to import factors"})]
    for summary in (JobSummary(inserted=1, failed=1), JobSummary(inserted=2, failed=1)):
        result = harvest("f", sent, summary, partly)
        assert result.users == 2
        assert result.codes == {"MFA_FACTORS_FAILED": 1}


def test_a_user_without_id_in_the_errors_is_found_by_its_address() -> None:
    shown = {"email": "user2@example.com"}
    error = RefusedUser.model_validate({"user": shown, "errors": [{"code": "FORMAT", "message": "x"}]})
    result = harvest("f", [person(1), person(2, email="User2@example.com")], None, [error])
    assert result.refusals[0].user_id == "legacy|2"


def test_errors_of_unknown_shape_still_reject_the_user() -> None:
    result = harvest("f", [person(1)], None, [RefusedUser.model_validate({"user": {}, "errors": []})])
    assert result.refusals[0].code == "UNKNOWN"
    assert result.users == 1


def test_a_culprit_keeps_the_reason_of_its_job() -> None:
    result = culprit("f", person(7), "Cannot read user7@example.com")
    assert result.refusals[0].user_id == "legacy|7"
    assert result.refusals[0].message == "Cannot read …"


CUSTOM = {"algorithm": "sha256", "hash": {"value": "q83vEjRWeJA=", "encoding": "base64"}, "salt": {"value": "pepper"}}


@given(
    st.permutations(["user9@example.com", HASH, "+4915112345678", "q83vEjRWeJA=", "pepper", "niner"]),
    st.text("ab '", max_size=5),
)
def test_no_message_holds_an_address_or_a_hash(secrets: list[str], glue: str) -> None:
    user = person(9, phone_number="+4915112345678", username="niner", custom_password_hash=CUSTOM)
    message = cleaned(
        f"Error: {glue.join(secrets)} at stranger@example.org with $argon2id$v=19$c2FsdHNhbHQ$aGFzaGhhc2g", user
    )
    for secret in (*secrets, "stranger", "c2FsdHNhbHQ"):
        assert secret not in message


def test_a_message_keeps_what_helps() -> None:
    text = r"Error in passwordHash property - String does not match pattern ^\$2[ab]?\$10+\$[./A-Za-z0-9]{53}$"
    assert cleaned(text, person(1)) == text
