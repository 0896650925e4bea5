"""JSON arrays and one object a line: every record is found, where it is, and nothing else."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_stage import opened, reader, users, written

from wizard.errors import SourceError
from wizard.legacy import kind_of, open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.json_cut import ArrayCutter, LineCutter
from wizard.legacy.source import BadRecord, LegacySource
from wizard.mapping import User, compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers


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
    plain, packed = (
        opened(written(tmp_path, text, "users")),
        opened(written(tmp_path, gzip.compress(text.encode()), "users.gz")),
    )
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


@pytest.mark.parametrize("name", ["users.json", "users.ndjson", "users.jsonl", "users.json.gz"])
@pytest.mark.parametrize("text", ["this is no json", "id,email\n1,ann@example.com\n", "<html>"])
def test_a_file_named_as_json_that_is_none_is_refused(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    with pytest.raises(SourceError, match="is named as JSON and holds something else") as refused:
        open_source(SourceAnswers(path=str(path)), secret=None, base=Path())
    assert 'kind = "csv"' in refused.value.remedy


def test_a_delimited_file_named_as_json_is_read_where_the_answers_say_so(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text("id,email\n1,ann@example.com\n")
    source = open_source(SourceAnswers(path="users.json", kind="csv"), secret=None, base=tmp_path)
    assert source.columns == ("id", "email")


COLUMN = {"0": "a", "1": "b"}


@pytest.mark.parametrize(
    "table",
    [
        {"id": COLUMN, "email": COLUMN},
        {"id": {str(n): n for n in range(3000)}, "email": {str(n): f"u{n}@example.com" for n in range(3000)}},
        {"columns": ["id", "email"], "index": [0, 1], "data": [[1, "a@example.com"], [2, "b@example.com"]]},
    ],
)
def test_a_table_by_columns_is_not_taken_for_one_user(tmp_path: Path, table: Any) -> None:
    path = written(tmp_path, json.dumps(table))
    with pytest.raises(
        SourceError, match=r'users\.json holds columns of users(?s:.*) as pandas writes it(?s:.*)"records"'
    ):
        opened(path)


@pytest.mark.parametrize("user", [{"id": 1, "phones": COLUMN}, {"name": COLUMN, "mail": {"0": "a@example.com"}}])
def test_one_user_with_numbered_members_is_one(tmp_path: Path, user: Any) -> None:
    assert opened(written(tmp_path, json.dumps(user) + "\n", "users.ndjson"), kind="ndjson").facts().records == 1
