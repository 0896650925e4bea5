"""JSON arrays and one object a line: every record is found, where it is, and nothing else."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.errors import SourceError, UsageError
from wizard.legacy import kind_of, open_source, source_of
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.json_cut import ArrayCutter, LineCutter, MapCutter, PathCutter, SequenceCutter
from wizard.legacy.source import BadRecord, LegacySource
from wizard.mapping import User, compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers
from wizard.rejects import REASONS


def opened(path: Path, **answers: Any) -> LegacySource:
    return open_source(SourceAnswers(path=str(path), **answers), secret=None, base=Path())


def written(tmp_path: Path, data: bytes | str, name: str = "users.json") -> Path:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def reader(data: bytes) -> Any:
    place = 0

    def read(size: int) -> bytes:
        nonlocal place
        place += size
        return data[place - size : place]

    return read


scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(-1e9, 1e9)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
users = st.lists(st.dictionaries(st.sampled_from(["id", "a", "}", '","']) | st.text(), values, max_size=4), max_size=12)


@given(users, st.integers(1, 60), st.sampled_from([None, 1]), st.booleans())
def test_an_array_is_cut_into_its_elements_whatever_they_hold(
    people: list[Any], block: int, indent: int | None, ascii_only: bool
) -> None:
    data = json.dumps(people, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    blocks = list(ArrayCutter(reader(data), (), block).blocks())
    assert [each for found in blocks for each in found.objects()] == people
    assert [found.first for found in blocks] == [1 + sum(b.count for b in blocks[:at]) for at in range(len(blocks))]


@given(users, st.integers(1, 60), st.sampled_from(["\n", "\r\n", "\n\n \n"]))
def test_lines_are_records_with_their_number(people: list[Any], block: int, end: str) -> None:
    data = end.join(json.dumps(each) for each in people).encode()
    found = [
        (record, each)
        for block_ in LineCutter(reader(data), block).blocks()
        for record, each in zip(block_.records(), block_.objects(), strict=True)
    ]
    assert [each for _, each in found] == people
    step = end.count("\n")
    assert [record.position for record, _ in found] == [f"line {1 + index * step}" for index in range(len(people))]


@settings(max_examples=300)
@given(st.text(st.sampled_from('[]{}",:\\ 1a\n'), max_size=60).map(str.encode) | st.binary(max_size=60), st.booleans())
def test_garbage_is_an_error_or_bad_records_and_nothing_else(data: bytes, array: bool) -> None:
    cutter = ArrayCutter(reader(data), ("users",), 8) if array else LineCutter(reader(data), 8)
    try:
        for block in cutter.blocks():
            assert len(list(block.rows())) == block.count
    except SourceError:
        assert array


def test_nested_objects_become_dotted_columns_and_arrays_stay_values(tmp_path: Path) -> None:
    source = opened(
        written(tmp_path, '[{"id": 1, "name": {"first": "Ann"}, "tags": ["a", {"b": 1}]}, {"id": 2, "ok": true}]')
    )
    assert source.columns == ("id", "name.first", "tags", "ok")
    assert [record.values for record in source.sample()] == [[1, "Ann", ["a", {"b": 1}], None], [2, None, None, True]]


def test_a_key_that_is_sometimes_an_object_has_both_columns(tmp_path: Path) -> None:
    source = opened(written(tmp_path, '[{"a": {"b": 1}}, {"a": 2}, {"a": {}}]'))
    assert source.columns == ("a", "a.b")
    assert [record.values for record in source.sample()] == [[None, 1], [2, None], [None, None]]


def test_two_paths_with_one_name_stay_apart(tmp_path: Path) -> None:
    source = opened(written(tmp_path, '[{"a": {"b": 1}, "a.b": 2}]'))
    assert source.columns == ("a.b", "a.b_2")
    assert source.sample()[0].values == [1, 2]
    assert "a.b" in source.facts().warnings[0]


def test_an_object_with_a_key_a_user_stays_one_value(tmp_path: Path) -> None:
    people = [{"id": number, "seen": {f"device{number}": 1}} for number in range(500)]
    source = opened(written(tmp_path, json.dumps(people)))
    assert source.columns == ("id", "seen")
    assert source.sample(1)[0].values == [0, {"device0": 1}]


def test_the_list_inside_an_object_is_found_and_the_rest_read_over(tmp_path: Path) -> None:
    text = json.dumps(
        {"realm": "x", "roles": [{"users": [1]}], "users": [{"id": 1}, {"id": 2}], "clients": [{"a": "]}"}]}
    )
    source = opened(written(tmp_path, text))
    assert source.facts().records == 2
    assert opened(written(tmp_path, '{"accounts": [{"id": 7}]}'), list_key="accounts").sample()[0].values == [7]


def test_a_bad_element_is_a_bad_record_and_the_others_are_read(tmp_path: Path) -> None:
    data = b'[{"id": 1}, {"id": "\xff"}, {"id": "\\ud800"}, 5, {"id": 01}, {"id": 2}, {"id": 1e999}]'
    source = opened(written(tmp_path, data))
    records = source.sample()
    assert [record.bad.code if record.bad else record.values for record in records] == [
        [1],
        "json_invalid",
        "lone_surrogate",
        "not_object",
        "json_invalid",
        [2],
        "json_invalid",
    ]
    assert records[3].position == "element 4"


def codes(source: LegacySource, **profile: Any) -> list[str]:
    """What becomes of each record: "" of a user, or the code of its reject."""
    email = {"constant": "a@example.com"}
    answers = ProfileAnswers.model_validate({"user_id": "id", "email": email, **profile})
    mapping = compile_mapping(answers, PasswordsAnswers(missing="without_password"), source.columns)
    found = [record.bad or mapping.map_one(record.values) for record in source.sample()]
    return ["" if isinstance(each, User) else each.code for each in found]


def test_a_number_that_readers_round_is_not_changed_silently(tmp_path: Path) -> None:
    source = opened(written(tmp_path, '[{"id": 18446744073709551617}, {"id": 9223372036854775807}]'))
    assert codes(source) == ["number_too_large", ""]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ('{"$numberDouble": "NaN"}', "value_not_json"),
        ('{"$numberDouble": "-Infinity"}', "value_not_json"),
        ("1e300", "number_too_large"),
        ("[-18446744073709551617]", "number_too_large"),
        ("1.5", ""),
    ],
)
def test_a_number_that_auth0_cannot_take_matters_only_where_it_is_mapped(
    tmp_path: Path, number: str, code: str
) -> None:
    source = opened(written(tmp_path, f'[{{"id": 1, "score": {number}}}]'))
    assert codes(source) == [""]
    assert codes(source, app_metadata={"score": "score"}) == [code]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"id": 1}, {"id": 2', "ends at element 2"),
        ('[{"id": 1} {"id": 2}]', "element 2"),
        ('{"realm": "x", "clients": []}', "no list of users"),
        ("[] []", "Something follows"),
        ('{"users": [{"id": 1}]', "ends"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        opened(written(tmp_path, text), kind="json")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('[{"id": 1}]', "json"),
        (" \n[]", "json"),
        ('{"id": 1}\n{"id": 2}\n', "ndjson"),
        ('{"id": 1}', "ndjson"),
        ('{"users": [{"id": 1}]}', "json"),
        ('{\n  "users": []\n}', "json"),
        ("id,email\n1,a@example.com\n", "csv"),
        ("[x],y\n1,2\n", "csv"),
        ("version: 1\n\ndn: cn=a\ncn: a\n", "ldif"),
        ("# made by slapcat\n  more\ndn: cn=a\ncn: a\n", "ldif"),
    ],
)
def test_the_kind_is_found_from_the_first_characters_compressed_or_not(tmp_path: Path, text: str, kind: str) -> None:
    plain = written(tmp_path, text, "users")
    packed = written(tmp_path, gzip.compress(text.encode()), "users.gz")
    wide = written(tmp_path, text.encode("utf-16"), "wide")
    for path in (plain, packed, wide):
        assert kind_of(SourceAnswers(path=str(path)), Path()) == kind


@pytest.mark.parametrize("text", ['[{"id": 1, "n": "Ž"}]', '{"id": 1, "n": "Ž"}\n', "id,n\n1,Ž\n"])
def test_compressed_files_read_as_their_contents(tmp_path: Path, text: str) -> None:
    plain, packed = opened(written(tmp_path, text)), opened(written(tmp_path, gzip.compress(text.encode()), "users.gz"))
    assert [record.values for record in packed.sample()] == [record.values for record in plain.sample()]
    assert packed.facts().records == 1
    (block,) = pickle.loads(pickle.dumps(packed)).blocks(expect=packed.facts().fingerprint)  # noqa: S301
    assert list(pickle.loads(pickle.dumps(block)).rows()) == [plain.sample()[0].values]  # noqa: S301


@pytest.mark.parametrize("text", ['[{"id": 1, "n": "Ž"}]', "id,n\n1,Ž\n"])
def test_a_compressed_file_that_was_cut_off_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError, match="damaged or cut off"):
        opened(written(tmp_path, gzip.compress(text.encode() * 50)[:-9], "users.gz")).facts()


def test_utf_16_is_read_as_text(tmp_path: Path) -> None:
    assert opened(written(tmp_path, '[{"n": "Žižek"}]'.encode("utf-16"))).sample()[0].values == ["Žižek"]


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path, '[{"id": 1}]')
    source = opened(path)
    expect = source.facts().fingerprint
    path.write_text('[{"id": 2}]')
    with pytest.raises(SourceError, match="changed"):
        list(source.blocks(expect=expect))
    with pytest.raises(SourceError, match="changed"):
        source.facts()


def test_extended_json_of_mongodb_becomes_its_values(tmp_path: Path) -> None:
    text = (
        '{"_id": {"$oid": "5f0c"}, "at": {"$date": {"$numberLong": "1700000000123"}}, "n": {"$numberLong": "42"}}\n'
        '{"_id": {"$oid": "5f0d"}, "at": {"$date": "2024-01-02T03:04:05Z"}, "n": {"$other": 1}}\n'
    )
    first, second = opened(written(tmp_path, text)).sample()
    assert first.values[:3] == ["5f0c", "2023-11-14T22:13:20.123000Z", 42]
    assert second.values[:2] == ["5f0d", "2024-01-02T03:04:05Z"]


def test_reading_is_the_same_in_one_block_and_in_many(tmp_path: Path) -> None:
    people = [
        {"id": number, "email": f"u{number}@example.com", "nested": {"x": [{"id": "},{"}]}} for number in range(3000)
    ]
    source = opened(written(tmp_path, json.dumps(people)))
    blocks = list(source.blocks(expect=source.facts().fingerprint))
    assert len(blocks) > 2
    rows = [row for block in blocks for row in block.rows()]
    assert [row[0] for row in rows if not isinstance(row, BadRecord)] == list(range(3000))
    assert blocks[-1].position(0) == f"element {blocks[-1].first}"


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


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), values, max_size=3), min_size=1), st.integers(1, 60))
def test_members_of_a_map_are_records_with_their_key(people: dict[str, Any], block: int) -> None:
    blocks = list(MapCutter(reader(json.dumps(people).encode()), "key", block=block).blocks())
    found = [each for found in blocks for each in found.objects()]
    assert found == [{"key": key, **value} for key, value in people.items()]


def test_pretty_printed_objects_are_read(tmp_path: Path) -> None:
    assert found_in(tmp_path, "\n".join(json.dumps(each, indent=2) for each in PAIR)) == PAIR
    assert found_in(tmp_path, json.dumps(PAIR[0], indent=2)) == PAIR[:1]


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
        {"users": PAIR, "items": {"first": MAIL, "second": MAIL}},
        {"Users": {"first": MAIL, "second": MAIL}, "users": PAIR},
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
