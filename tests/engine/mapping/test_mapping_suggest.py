"""Suggestions from column names and sampled values."""

import pytest
from prepare_stage import HASH

from wizard.legacy.source import Record
from wizard.mapping import User, compile_mapping, suggest
from wizard.mapping.suggestion import Suggestion
from wizard.passwords.answers import PasswordsAnswers


def suggestion(columns: dict[str, list[str]]) -> Suggestion:
    rows = zip(*columns.values(), strict=True)
    return suggest(list(columns), [Record(index, f"line {index}", row) for index, row in enumerate(rows, 2)])


ENGLISH = {
    "User ID": ["1", "2"],
    "E-Mail Address": ["a@example.com", "b@example.com"],
    "email_verified_at": ["2020-01-01 10:00:00", ""],
    "first_name": ["Ann", "Bob"],
    "LastName": ["Smith", "Jones"],
    "Mobile": ["+4930123456", ""],
    "avatar_url": ["https://example.com/a.png", ""],
    "password_digest": [HASH, HASH],
    "logins": ["5", "7"],
}


def test_columns_are_recognised_by_name_and_content() -> None:
    found = suggestion(ENGLISH)
    assert dict(found.rows()) == {
        "user_id": "User ID",
        "email": "E-Mail Address",
        "email_verified": "email_verified_at",
        "phone_number": "Mobile",
        "given_name": "first_name",
        "family_name": "LastName",
        "name": "first_name + LastName",
        "picture": "avatar_url",
        "password": "password_digest",
    }
    assert found.unmapped == ("logins",)
    assert found.passwords.column == "password_digest"
    assert all(0 < guess.confidence <= 1 for guess in found.guesses)


@pytest.mark.parametrize(
    ("numbers", "needs"),
    [
        (["030 123456", "0171/1234567", "+4930123456"], "default_country"),
        (["0049 30 123456", "00493012345"], "default_country"),
        (["030 123456", "+4930123457", "+4930123456", ""], ""),
        (["030 123456", "+4930123457"], ""),
        (["", ""], ""),
    ],
)
def test_telephone_numbers_that_mostly_name_no_country_are_less_than_sure_and_need_one(
    numbers: list[str], needs: str
) -> None:
    found = suggestion({"id": [str(number) for number in range(len(numbers))], "phone": numbers})
    [guess] = [guess for guess in found.guesses if guess.field == "phone_number"]
    assert guess.needs == needs
    if needs:
        assert guess.confidence < 0.9
        assert "set default_country in [profile]" in guess.hint
    else:
        assert guess.hint == ""


def test_a_suggestion_compiles_and_maps_its_sample() -> None:
    found = suggestion(ENGLISH)
    compiled = compile_mapping(found.profile, found.passwords, list(ENGLISH))
    user = compiled.map_one([cells[0] for cells in ENGLISH.values()])
    assert isinstance(user, User)
    assert user.profile["email_verified"] is True
    assert user.profile["name"] == "Ann Smith"


def test_other_languages_are_understood() -> None:
    found = suggestion(
        {
            "Benutzernummer": ["1", "2"],
            "E-Mail-Adresse": ["a@example.com", "b@example.com"],
            "Vorname": ["Ann", "Bob"],
            "Nachname": ["Schmidt", "Müller"],
            "gesperrt": ["ja", "nein"],
            "Passwort": [HASH, HASH],
        }
    )
    rules = found.to_json()["profile"]
    assert (rules["user_id"], rules["email"], rules["given_name"]) == ("Benutzernummer", "E-Mail-Adresse", "Vorname")
    assert rules["blocked"] == {"column": "gesperrt", "transforms": ["strip", 'bool(true=["ja"], false=["nein"])']}
    compiled = compile_mapping(
        found.profile,
        found.passwords,
        ["Benutzernummer", "E-Mail-Adresse", "Vorname", "Nachname", "gesperrt", "Passwort"],
    )
    user = compiled.map_one(["2", "b@example.com", "Bob", "Müller", "nein", HASH])
    assert isinstance(user, User)
    assert user.profile["blocked"] is False


def test_addresses_and_hashes_speak_for_themselves() -> None:
    found = suggestion({"c1": ["1", "2"], "c2": ["a@example.com", "b@example.com"], "c3": [HASH, HASH]})
    assert dict(found.rows()) == {"email": "c2", "password": "c3"}
    assert found.missing == ("user_id",)


def test_a_name_alone_is_not_enough() -> None:
    found = suggestion({"id": ["1", "1"], "email": ["n/a", "unknown"]})
    assert found.rows() == []


def test_a_column_of_passwords_in_no_known_format_is_named_and_not_said_to_be_absent() -> None:
    found = suggestion({"password": ["1000:c2FsdA==:aGFzaA==", "hunter2"]})
    assert dict(found.rows()) == {"password": "password"}
    assert found.guesses[0].confidence == 0.5
    assert "not recognised" in found.guesses[0].why


def test_a_store_without_users_gets_suggestions_by_name() -> None:
    found = suggest(["id", "email"], [])
    assert {guess.field: guess.confidence for guess in found.guesses} == {"user_id": 0.5, "email": 0.5}


def test_a_few_shared_ids_do_not_hide_the_column_of_ids_but_many_do() -> None:
    few = [str(number) for number in range(98)] + ["twin", "twin"]
    found = suggestion({"id": few, "email": [f"p{number}@example.com" for number in range(100)]})
    assert dict(found.rows())["user_id"] == "id"
    assert {guess.field: guess.confidence for guess in found.guesses}["user_id"] < 0.9
    many = [str(number // 2) for number in range(100)]
    found = suggestion({"id": many, "email": [f"p{number}@example.com" for number in range(100)]})
    assert "user_id" not in dict(found.rows())


@pytest.mark.parametrize("name", ["emailVerification", "confirmed", "data.confirmed", "attributes.email_verified"])
def test_whether_an_address_is_verified_has_many_names(name: str) -> None:
    found = suggestion({"id": ["1", "2"], "email": ["a@example.com", "b@example.com"], name: ["true", "false"]})
    assert found.rules["email_verified"] == name


@pytest.mark.parametrize("name", ["objectId", "entity_id"])
def test_what_parse_entra_and_magento_call_their_ids_is_known(name: str) -> None:
    assert suggestion({name: ["1", "2"], "email": ["a@example.com", "b@example.com"]}).rules["user_id"] == name


@pytest.mark.parametrize("around", ["Item.", ""])
def test_what_dynamodb_adds_to_a_name_is_no_part_of_it(around: str) -> None:
    found = suggestion(
        {
            f"{around}userId.S": ["u1", "u2"],
            f"{around}email.S": ["a@example.com", "b@example.com"],
            f"{around}emailVerified.BOOL": ["true", "false"],
            f"{around}passwordHash.S": [HASH, HASH],
            f"{around}tags.SS": ["", ""],
        }
    )
    assert found.rules == {
        "user_id": f"{around}userId.S",
        "email": f"{around}email.S",
        "email_verified": f"{around}emailVerified.BOOL",
    }
    assert found.passwords.column == f"{around}passwordHash.S"
    assert found.to_json()["confidence"]["email"] == 0.75


def test_formulas_that_keep_a_spreadsheet_from_changing_a_text_are_the_text() -> None:
    columns = {
        "id": ['="0012"', '="0013"'],
        "email": ['="a@example.com"', '="b@example.com"'],
        "first": ["Ann", '="Bob"'],
    }
    found = suggestion(columns)
    users = [
        compile_mapping(found.profile, PasswordsAnswers(missing="without_password"), tuple(columns)).map_one(row)
        for row in zip(*columns.values(), strict=True)
    ]
    assert [user.profile for user in users if isinstance(user, User)] == [
        {"user_id": "0012", "email": "a@example.com", "given_name": "Ann"},
        {"user_id": "0013", "email": "b@example.com", "given_name": '="Bob"'},
    ]


def test_what_a_template_says_about_a_column_is_no_part_of_its_name() -> None:
    found = suggestion(
        {
            "First Name [Required]": ["Ann", "Bob"],
            "Email Address [Required]": ["a@example.com", "b@example.com"],
            "Password (required)": [HASH, HASH],
            "Status [READ ONLY]": ["Active", "Suspended"],
        }
    )
    assert (found.rules["given_name"], found.rules["email"]) == ("First Name [Required]", "Email Address [Required]")
    assert found.passwords.column == "Password (required)"
    assert found.states == ("Status [READ ONLY]",)


def test_an_apostrophe_that_keeps_a_spreadsheet_from_changing_a_number_is_no_part_of_it() -> None:
    columns = {
        "Customer ID": ["'6940095560", "'6940095561"],
        "Email": ["a@example.com", "b@example.com"],
        "Phone": ["'+16135550127", ""],
        "Last Name": ["'t Hooft", "'t Hart"],
    }
    found = suggestion(columns)
    users = [
        compile_mapping(found.profile, PasswordsAnswers(missing="without_password"), tuple(columns)).map_one(row)
        for row in zip(*columns.values(), strict=True)
    ]
    assert [user.profile for user in users if isinstance(user, User)] == [
        {"user_id": "6940095560", "email": "a@example.com", "phone_number": "+16135550127", "family_name": "'t Hooft"},
        {"user_id": "6940095561", "email": "b@example.com", "family_name": "'t Hart"},
    ]


def test_another_column_of_addresses_does_not_hide_that_the_one_so_named_holds_others() -> None:
    cells = ["Ann <a@example.com>", "b@example.com", "c@example.com"]
    found = suggestion({"id": ["1", "2", "3"], "email": cells, "second": ["", "", "x@example.com"]})
    assert found.rules["email"] == "second"
    assert [doubt.split(".")[0] for doubt in found.doubts] == [
        "email is named as one of e-mail addresses, but 1 of the first 3 cells in it holds no plain address (name@example"
    ]


def test_a_salt_or_an_id_is_no_password() -> None:
    found = suggestion(
        {
            "_id": ["ab" * 16, "cd" * 16],
            "email": ["a@example.com", "b@example.com"],
            "salt": ["ab" * 32, "cd" * 32],
            "hash": ["ab" * 512, "cd" * 512],
        }
    )
    assert (found.rules["user_id"], found.passwords.column) == ("_id", "hash")


@pytest.mark.parametrize("word", ["x", "*", "bcrypt"])
def test_one_word_in_all_rows_is_no_rival_of_hashes(word: str) -> None:
    found = suggestion({"password": [word, word], "secret_thing": [HASH, HASH]})
    assert found.passwords.column == "secret_thing"
    assert suggestion({"password": [word, word], "city": ["Ulm", "Bonn"]}).passwords.column == "password"


def test_what_objects_around_a_user_hold_is_recognised_by_name() -> None:
    found = suggestion({"traits.first_name": ["Ann", "Bob"], "company.name": ["Acme", "Acme"], "id": ["1", "2"]})
    assert found.rules == {"user_id": "id", "given_name": "traits.first_name"}


@pytest.mark.parametrize("mark", ["x", "!", "*", "NP", "***"])
@pytest.mark.parametrize("name", ["pass", "pw", "passwd_hash", "geheim"])
@pytest.mark.parametrize("first", [True, False])
def test_a_column_of_ticks_is_not_taken_for_passwords(mark: str, name: str, first: bool) -> None:
    ticked, hashes = {"newsletter": ["", mark, "", mark]}, {name: [HASH] * 4}
    columns = {**ticked, **hashes} if first else {**hashes, **ticked}
    found = suggestion({"id": ["1", "2", "3", "4"], **columns})
    assert found.passwords.column == name
    assert suggestion({"id": ["1", "2", "3", "4"], **ticked}).passwords.column is None


def test_accounts_that_are_disabled_do_not_hide_a_column_of_hashes() -> None:
    people = {"id": ["1", "2", "3", "4"], "geheim": [HASH, "!", "*LK*", ""]}
    assert suggestion(people).passwords.column == "geheim"


@pytest.mark.parametrize("name", ["token", "pw"])
def test_of_two_columns_that_may_be_of_passwords_that_one_is_taken_that_travels(name: str) -> None:
    others = [f"{number:032x}" for number in (7 << 100, 8 << 101)]
    found = suggestion(
        {"id": ["1", "2"], "checksum": others, name: ["$1$abcdefgh$" + "a" * 22] * 2, "geheim": [HASH] * 2}
    )
    assert found.passwords.column == ("pw" if name == "pw" else "geheim")


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [("aktiv", "ja", "nein"), ("Actif", "Oui", "Non"), ("is_active", "Y", "N"), ("enabled", "on", "off"), ("Active", "-1", "0")],
)  # fmt: skip
def test_who_is_active_in_any_words_for_yes_and_no_is_not_blocked(name: str, yes: str, no: str) -> None:
    found = suggestion({"id": ["1", "2"], "email": ["a@example.com", "b@example.com"], name: [yes, no]})
    assert blocked_of(found, ("id", "email", name), ("1", "a@example.com", yes)) is False
    assert blocked_of(found, ("id", "email", name), ("2", "b@example.com", no)) is True


def test_one_word_seen_brings_the_other_along() -> None:
    found = suggestion({"id": ["1"], "email": ["a@example.com"], "aktiv": ["ja"]})
    assert blocked_of(found, ("id", "email", "aktiv"), ("2", "b@example.com", "nein")) is True


def test_minus_one_is_yes_only_beside_nothing_but_zero() -> None:
    """Access and Visual Basic write it so; elsewhere it is a third state."""
    ids = {"id": ["1", "2", "3"], "email": ["a@example.com", "b@example.com", "c@example.com"]}
    plain = suggestion({**ids, "verified": ["-1", "0", "0"]}).rules["email_verified"]
    assert plain == {"column": "verified", "transforms": ["strip", 'bool(true=["-1"], false=["0"])']}
    assert "email_verified" not in suggestion({**ids, "verified": ["-1", "0", "1"]}).rules
    assert "email_verified" not in suggestion({**ids, "verified": ["-1", "-1", "-1"]}).rules


def blocked_of(found: Suggestion, columns: tuple[str, ...], values: tuple[str, ...]) -> object:
    user = compile_mapping(found.profile, PasswordsAnswers(missing="without_password"), columns).map_one(values)
    assert isinstance(user, User)
    return user.profile["blocked"]
