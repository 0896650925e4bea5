"""Where in a JSON file the users are: lists and maps under many names, one object after another, and what else there is."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_stage import opened, reader, scalars, users, values, written

from wizard.errors import SourceError, UsageError
from wizard.legacy import open_source, source_of
from wizard.legacy.json_arrangements import MapCutter, PathCutter, SequenceCutter
from wizard.rejects import REASONS


def found_in(tmp_path: Path, data: bytes | str) -> list[dict[str, Any]]:
    """The records by column, without empty cells; read twice, as prepare does."""
    source = opened(written(tmp_path, data))
    records = [record for block in source.blocks(expect=source.facts().fingerprint) for record in block.records()]
    assert len(records) == source.facts().records
    pairs = [zip(source.columns, record.values, strict=False) for record in records]
    return [{name: value for name, value in each if value is not None} for each in pairs]


PAIR = [{"id": 1, "email": "a@example.com"}, {"id": 2, "email": "b@example.com"}]


@given(users, st.integers(1, 60), st.sampled_from([None, 1]))
def test_objects_one_after_another_are_records(people: list[Any], block: int, indent: int | None) -> None:
    data = "\n".join(json.dumps(each, indent=indent) for each in people).encode()
    blocks = list(SequenceCutter(reader(data), (), block).blocks())
    assert [each for found in blocks for each in found.objects()] == people


@given(users, st.integers(1, 60), st.booleans())
def test_a_comma_behind_each_object_is_no_record(people: list[Any], block: int, last: bool) -> None:
    data = (",\n".join(json.dumps(each) for each in people) + ("," if last and people else "")).encode()
    blocks = list(SequenceCutter(reader(data), (), block).blocks())
    assert [each for found in blocks for each in found.objects()] == people


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), values, max_size=3), min_size=1), st.integers(1, 60))
def test_members_of_a_map_are_records_with_their_key(people: dict[str, Any], block: int) -> None:
    blocks = list(MapCutter(reader(json.dumps(people).encode()), "key", block=block).blocks())
    found = [each for found in blocks for each in found.objects()]
    assert found == [{"key": key, **value} for key, value in people.items()]


def test_pretty_printed_objects_are_read(tmp_path: Path) -> None:
    assert found_in(tmp_path, "\n".join(json.dumps(each, indent=2) for each in PAIR)) == PAIR
    assert found_in(tmp_path, json.dumps(PAIR[0], indent=2)) == PAIR[:1]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("end", ["", ",", ",\n"])
def test_lines_that_end_with_a_comma_are_read_as_the_elements_that_they_are(
    tmp_path: Path, indent: int | None, end: str
) -> None:
    assert found_in(tmp_path, ",\n".join(json.dumps(each, indent=indent) for each in PAIR) + end) == PAIR
    assert found_in(tmp_path, json.dumps(PAIR[0], indent=indent) + end) == PAIR[:1]


@pytest.mark.parametrize("between", [",,", ",]", "]"])
def test_what_else_stands_between_two_objects_is_told_with_its_place(tmp_path: Path, between: str) -> None:
    first, second = (json.dumps(each) for each in PAIR)
    with pytest.raises(SourceError, match="element 3"):
        opened(written(tmp_path, f"{first},\n{second}{between}\n{first}"))


def test_one_user_in_one_line_may_have_lists(tmp_path: Path) -> None:
    person = {"_id": "m1", "emails": [{"address": "a@example.com"}]}
    assert found_in(tmp_path, json.dumps(person) + "\n") == [person]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_map_of_users_is_read_and_its_keys_are_a_column(tmp_path: Path, indent: int | None) -> None:
    people: dict[str, dict[str, Any]] = {"u1": {"email": "a@example.com"}, "u2": {"email": "b@example.com", "tags": []}}
    assert found_in(tmp_path, json.dumps(people, indent=indent)) == [
        {"key": key, **person} for key, person in people.items()
    ]


@given(
    st.dictionaries(st.text(), st.dictionaries(st.text(), values, max_size=3)),
    st.dictionaries(st.text().filter(lambda name: name != "users"), values, max_size=3),
    st.integers(1, 60),
    st.booleans(),
)
def test_members_of_a_map_within_an_object_are_records(
    people: dict[str, Any], others: dict[str, Any], block: int, first: bool
) -> None:
    whole = {"users": people, **others} if first else {**others, "users": people}
    blocks = list(MapCutter(reader(json.dumps(whole).encode()), "key", "users", block=block).blocks())
    found = [each for found in blocks for each in found.objects()]
    assert found == [{"key": key, **value} for key, value in people.items()]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("count", [1, 2])
def test_users_may_be_a_map_under_a_name(tmp_path: Path, indent: int | None, count: int) -> None:
    people = {f"u{number}": {"email": f"p{number}@example.com", "tags": ["users"]} for number in range(count)}
    whole = {"note": '"users"', "posts": {"p1": {"title": "x"}}, "users": people}
    assert found_in(tmp_path, json.dumps(whole, indent=indent)) == [
        {"key": key, **person} for key, person in people.items()
    ]


@pytest.mark.parametrize("broken", ['{"users": {"a": {"email": "x"},}}', '{"users": {"a": {"email": "x"} "b": {}}}'])
def test_a_broken_map_is_said_to_be_broken(tmp_path: Path, broken: str) -> None:
    with pytest.raises(SourceError):
        opened(written(tmp_path, broken), kind="json")


@pytest.mark.parametrize("indent", [None, 2])
def test_the_users_of_all_realms_are_read_with_a_warning(tmp_path: Path, indent: int | None) -> None:
    realms = [
        {"id": name, "realm": name, "roles": {"realm": [{"id": "r"}]}, "users": people, "enabled": True}
        for name, people in (("master", PAIR[:1]), ("empty", []), ("shop", PAIR[1:]))
    ]
    assert found_in(tmp_path, json.dumps(realms, indent=indent)) == PAIR
    assert "3 realms" in opened(tmp_path / "users.json").facts().warnings[0]


def test_a_table_of_phpmyadmin_is_read_and_two_are_refused(tmp_path: Path) -> None:
    head = [{"type": "header", "version": "5.2.1"}, {"type": "database", "name": "shop"}]
    table = {"type": "table", "name": "users", "database": "shop", "data": PAIR}
    assert found_in(tmp_path, json.dumps([*head, table])) == PAIR
    with pytest.raises(SourceError, match="more than one list"):
        opened(written(tmp_path, json.dumps([*head, table, table])))


@pytest.mark.parametrize("text", ['{"users":[]}', '{"users": [], "total": 0}'])
def test_an_empty_list_is_no_users(tmp_path: Path, text: str) -> None:
    source = opened(written(tmp_path, text))
    assert (source.facts().records, source.columns) == (0, ())
    assert source.facts().warnings == ("The file has no users.",)


def test_a_file_without_any_valid_record_is_refused(tmp_path: Path) -> None:
    for kind, text in (("json", '[{"id": 1,}, {"id": 2,}]'), ("ndjson", '{"id": 1,}\n{"id": 2,}\n')):
        with pytest.raises(SourceError, match="valid JSON"):
            opened(written(tmp_path, text), kind=kind)


@pytest.mark.parametrize(
    "wrapped",
    [
        {"$binary": {"base64": "33sgLKW99uzw9nmFomPcqw==", "subType": "04"}},
        {"$binary": {"base64": "33sgLKW99uzw9nmFomPcqw==", "subType": "03"}},
        {"$binary": "33sgLKW99uzw9nmFomPcqw==", "$type": "04"},
    ],
)
def test_uuids_of_mongodb_are_text(tmp_path: Path, wrapped: Any) -> None:
    assert found_in(tmp_path, json.dumps([{"_id": wrapped}])) == [{"_id": "df7b202c-a5bd-f6ec-f0f6-7985a263dcab"}]


@pytest.mark.parametrize(
    ("data", "cell"), [(b"$2b$10$" + b"a" * 53, "$2b$10$" + "a" * 53), (b"\x00\xff\x10", "00ff10"), (b"", "")]
)
def test_bytes_of_mongodb_are_text_or_hex(tmp_path: Path, data: bytes, cell: str) -> None:
    text = base64.b64encode(data).decode()
    forms = [{"$binary": {"base64": text, "subType": "00"}}, {"$binary": text, "$type": "00"}]
    assert found_in(tmp_path, json.dumps([{"hash": form} for form in forms])) == [{"hash": cell}] * 2


ANN, BOB = {"id": "1", "email": "ann@example.com"}, {"id": "2", "email": "bob@example.com"}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("whole", "path"),
    [
        ({"version": 1, "identities": [ANN, BOB]}, "identities"),
        ({"db": [{"meta": {"version": "5"}, "data": {"posts": [{"id": 1}], "users": [ANN, BOB]}}]}, "db[].data.users"),
        ({"orgs": [{"orgId": "1", "humanUsers": [ANN]}, {"humanUsers": [BOB]}]}, "orgs[].humanUsers"),
        ({"total": 2, "Resources": [ANN, BOB]}, "Resources"),
        ({"page": {"number": 1}, "empty": [], "content": [ANN, BOB], "sort": [1, "x"]}, "content"),
    ],
)
def test_lists_of_users_have_many_names(tmp_path: Path, whole: Any, path: str, indent: int | None) -> None:
    file = written(tmp_path, json.dumps(whole, indent=indent))
    facts = opened(file).facts()
    assert facts.details["list"] == path
    assert found_in(tmp_path, json.dumps(whole, indent=indent)) == [ANN, BOB]
    assert bool(facts.warnings) == (path == "orgs[].humanUsers")


@pytest.mark.parametrize(
    ("whole", "words"),
    [
        ({"documents": [{"title": "x"}]}, "no list of users"),
        ({"clients": [{"clientId": "x"}]}, "no list of users"),
        ({"members": [ANN], "people": [BOB]}, "more than one list"),
        ({"staff": [ANN]}, "no list of users"),
    ],
)
def test_a_list_that_may_not_be_of_users_is_to_be_named(tmp_path: Path, whole: Any, words: str) -> None:
    with pytest.raises(SourceError, match=words) as error:
        opened(written(tmp_path, json.dumps(whole))).facts()
    assert "users.json#people" in error.value.remedy


def test_a_list_is_named_after_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, json.dumps({"members": [ANN], "branches": [{"staff": [BOB]}]}))
    for answers in (source_of(f"{file}#staff"), source_of(str(file), table="staff")):
        assert answers.list_key == "staff"
        (record,) = open_source(answers, secret=None, base=Path()).sample()
        assert list(record.values) == ["2", "bob@example.com"]


def test_only_json_objects_have_a_list_to_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no database"):
        source_of(f"{written(tmp_path, 'id,email', 'users.csv')}#staff")


@given(
    lists=st.lists(st.lists(st.dictionaries(st.text(), values, max_size=3), max_size=4), min_size=1, max_size=4),
    around=st.dictionaries(st.text().filter(lambda name: name != "humanUsers"), scalars, max_size=3),
    block=st.integers(1, 60),
)
@settings(deadline=None)
def test_all_lists_at_one_path_are_cut_into_their_elements(
    lists: list[Any], around: dict[str, Any], block: int
) -> None:
    data = orjson.dumps({**around, "orgs": [{**around, "humanUsers": each} for each in lists], "last": [[]]})
    cutter = PathCutter(reader(data), ("humanUsers",), block, depth=3)
    found = [each for part in cutter.blocks() for each in part.objects()]
    assert found == [each for listed in orjson.loads(data)["orgs"] for each in listed["humanUsers"]]
    assert (cutter.found, cutter.path) == (len(lists), "orgs[].humanUsers")


@pytest.mark.parametrize("form", ["array", "lines", "map"])
@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (r'"name": "smile \ud83d"', "lone_surrogate", "half of a surrogate pair"),
        ('"age": NaN', "json_invalid", "NaN or Infinity"),
        ('"age": -Infinity', "json_invalid", "NaN or Infinity"),
        ('"age": 1 1', "json_invalid", "not valid JSON"),
    ],
)
def test_what_is_wrong_with_one_record_is_said_and_the_others_are_read(
    tmp_path: Path, form: str, text: str, code: str, words: str
) -> None:
    people = [f'{{"email": "{name}@example.com"}}' for name in "abcd"]
    people.insert(2, f'{{"email": "x@example.com", {text}}}')
    members = ",".join(f'"{number}": {one}' for number, one in enumerate(people))
    data = {"array": f"[{','.join(people)}]", "lines": "\n".join(people), "map": f"{{{members}}}"}[form]
    found = [record.bad for record in opened(written(tmp_path, data)).sample()]
    bad = found.pop(2)
    assert found == [None] * 4
    assert bad is not None
    assert (bad.code, words in bad.message) == (code, True)
    assert code in REASONS


def test_a_file_of_nothing_but_nan_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is valid JSON") as error:
        opened(written(tmp_path, '[{"age": NaN}, {"age": NaN}]'))
    assert "2 were looked at; of most: it has NaN" in error.value.why


MAIL = {"email": "someone@example.com"}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "whole",
    [
        {"data": {"created_by": MAIL, "updated_by": MAIL}, "users": PAIR},
        {"users": PAIR, "items": {"owner": MAIL, "reply_to": MAIL}},
    ],
)
def test_a_list_of_users_is_not_hidden_by_a_map_beside_it(
    tmp_path: Path, whole: dict[str, Any], indent: int | None
) -> None:
    assert found_in(tmp_path, json.dumps(whole, indent=indent)) == PAIR


def test_a_user_who_holds_addresses_by_name_is_one_user(tmp_path: Path) -> None:
    person = {"email": "a@example.com", "users": {"home": MAIL, "work": MAIL}}
    assert opened(written(tmp_path, json.dumps(person, indent=2))).facts().records == 1


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_may_be_named_after_the_file_on_one_line_too(tmp_path: Path, indent: int | None) -> None:
    path = written(tmp_path, json.dumps({"page": 1, "response": {"crowd": PAIR}}, indent=indent))
    source = open_source(source_of(f"{path}#crowd"), secret=None, base=tmp_path)
    assert source.facts().records == 2


def test_lists_under_other_names_are_found_on_one_line(tmp_path: Path) -> None:
    assert found_in(tmp_path, json.dumps({"response": {"members": PAIR}})) == PAIR


@pytest.mark.parametrize("layout", ["an array", "one a line", "one after another"])
def test_pages_of_users_are_told_from_users(tmp_path: Path, layout: str) -> None:
    pages = [{"Users": [ANN], "NextToken": "x"}, {"Users": [BOB]}]
    written_as = {
        "an array": json.dumps(pages, indent=1),
        "one a line": "".join(json.dumps(page) + "\n" for page in pages),
        "one after another": "".join(json.dumps(page, indent=1) + "\n" for page in pages),
    }
    answers = source_of(str(written(tmp_path, written_as[layout])))
    source = open_source(answers, secret=None, base=tmp_path)
    assert any("map(.Users[]?)" in warning for warning in source.facts().warnings)


def test_users_with_a_list_of_their_own_are_no_pages(tmp_path: Path) -> None:
    people = [{**each, "data": [{"x": 1}]} for each in (ANN, BOB)]
    answers = source_of(str(written(tmp_path, json.dumps(people))))
    assert open_source(answers, secret=None, base=tmp_path).facts().warnings == ()
