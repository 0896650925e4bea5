"""LDIF: one record an entry, whatever is folded, encoded or commented; changes are refused."""

from __future__ import annotations

import base64
import io
import time
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.ldif import _cut
from wizard.legacy.source import LegacySource
from wizard.mapping import suggest

EXAMPLE = """\
version: 1
# people of example.com
#  folded comment

dn: uid=ann,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
objectClass: person
uid: ann
mail: ann@example.com
description: a long line
  that goes on
userPassword:: e1NTSEF9YWJj

# another one
dn:: dWlkPcWhw6FoYSxkYz1leGFtcGxlLGRjPWNvbQ==
cn;lang-de: Šáha
UID: shaha
photo:: /9j/4A==


dn: uid=old,dc=example,dc=com
changetype: delete

dn: uid=file,dc=example,dc=com
jpegPhoto:< file:///tmp/photo.jpg

dn: uid=bad,dc=example,dc=com
no colon here

# search result
search: 2
result: 0 Success
"""


def opened(tmp_path: Path, text: str | bytes) -> LegacySource:
    path = tmp_path / "users.ldif"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return open_source(SourceAnswers(path=str(path)), secret=None, base=Path())


def cells(source: LegacySource) -> list[dict[str, Any]]:
    rows = [dict(zip(source.columns, record.values, strict=False)) for record in source.sample() if not record.bad]
    return [{column: value for column, value in row.items() if value is not None} for row in rows]


def test_entries_are_records_with_the_line_they_begin_on(tmp_path: Path) -> None:
    source = opened(tmp_path, EXAMPLE)
    assert source.facts().records == 5
    assert [(record.position, record.bad and record.bad.code) for record in source.sample()] == [
        ("line 5", None),
        ("line 15", None),
        ("line 21", "change_record"),
        ("line 24", "value_elsewhere"),
        ("line 27", "ldif_invalid"),
    ]


def test_values_are_unfolded_decoded_and_named_as_schemas_do(tmp_path: Path) -> None:
    ann, shaha = cells(opened(tmp_path, EXAMPLE))
    assert ann["description"] == "a long line that goes on"
    assert ann["userPassword"] == "{SSHA}abc"
    assert ann["objectClass"] == "inetOrgPerson"
    assert ann["objectClass.all"] == ["inetOrgPerson", "person"]
    assert shaha["dn"] == "uid=šáha,dc=example,dc=com"
    assert shaha["uid"] == "shaha"
    assert shaha["cn;lang-de"] == "Šáha"
    assert shaha["photo"] == b"\xff\xd8\xff\xe0"


def test_several_values_are_said(tmp_path: Path) -> None:
    assert "objectClass" in opened(tmp_path, EXAMPLE).facts().warnings[0]


def test_the_id_of_active_directory_is_written_as_usual(tmp_path: Path) -> None:
    encoded = base64.b64encode(bytes(range(16))).decode()
    (entry,) = cells(opened(tmp_path, f"dn: cn=a\nobjectGUID:: {encoded}\n"))
    assert entry["objectGUID"] == "03020100-0504-0706-0809-0a0b0c0d0e0f"


names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True).filter(
    lambda name: name not in {"changetype", "control", "dn"}
)
entries = st.lists(st.dictionaries(names, st.text(), max_size=5), min_size=1, max_size=8)


def written(people: list[dict[str, str]], fold: int, end: str) -> bytes:
    lines = []
    for number, entry in enumerate(people):
        lines.append(f"dn: cn={number}")
        for name, value in entry.items():
            line = f"{name}:: {base64.b64encode(value.encode()).decode()}"
            lines += [line[:fold], *(f" {line[at : at + fold]}" for at in range(fold, len(line), fold))]
        lines.append("")
    return end.join(lines).encode()


@given(entries, st.integers(12, 40), st.sampled_from(["\n", "\r\n"]), st.integers(1, 50))
def test_what_was_written_is_read_in_any_pieces(people: list[dict[str, str]], fold: int, end: str, piece: int) -> None:
    data = written(people, fold, end)
    place = 0

    def read(size: int) -> bytes:
        nonlocal place
        place += piece
        return data[place - piece : place]

    blocks = list(_cut(read))
    found = [entry for block in blocks for entry, _ in block.entries()]
    assert found == [
        {"dn": [f"cn={number}"], **{name: [value] for name, value in entry.items()}}
        for number, entry in enumerate(people)
    ]
    lines = data.replace(b"\r", b"").split(b"\n")
    assert [lines[line - 1] for block in blocks for _, line in block.entries()] == [
        f"dn: cn={number}".encode() for number in range(len(people))
    ]


@settings(max_examples=300)
@given(st.text(st.sampled_from("dn:; <=#a\n\r"), max_size=60).map(str.encode) | st.binary(max_size=80))
def test_garbage_is_bad_records_and_nothing_else(data: bytes) -> None:
    parts = iter([data, b""])
    for block in _cut(lambda size: next(parts)):
        assert len(list(block.rows())) == len(list(block.records())) == block.count
        assert [record.position for record in block.records()] == [block.position(at) for at in range(block.count)]


DIRECTORY = """\
dn: ou=people,dc=example,dc=com
changetype: add
objectClass: organizationalUnit
ou: people

dn: cn=staff,dc=example,dc=com
objectClass: groupOfNames
cn: staff

dn: cn=list,dc=example,dc=com
objectClass: groupOfNames
mail: list@example.com

dn: uid=ann,dc=example,dc=com
changetype: add
objectClass: inetOrgPerson
sn: Lee
mail: ann@example.com

dn: uid=bob,dc=example,dc=com
changetype: modify
mail: bob@example.com

dn: cn=laptop,dc=example,dc=com
objectClass: user
objectClass: computer
cn: laptop
"""


def test_added_entries_are_entries_and_units_groups_and_machines_are_no_users(tmp_path: Path) -> None:
    source = opened(tmp_path, DIRECTORY)
    codes = [record.bad.code if record.bad else None for record in source.sample()]
    assert codes == ["not_a_user", "not_a_user", None, None, "change_record", "not_a_user"]
    assert ("family_name", "sn") in suggest(source.columns, source.sample()).rows()


def test_accounts_that_an_administrator_disabled_are_blocked(tmp_path: Path) -> None:
    marks = {
        "nsAccountLock: TRUE": True,
        "nsAccountLock: FALSE": False,
        "userAccountControl: 514": True,
        "userAccountControl: 66048": False,
        "userAccountControl: 66050": True,
        "pwdAccountLockedTime: 000001010000Z": True,
        "pwdAccountLockedTime: 20260101000000Z": False,
        "userAccountControl: x": False,
        "sn: Lee": False,
    }
    text = "\n".join(f"dn: uid=u{n},dc=x\nuid: u{n}\nmail: u{n}@example.com\n{mark}\n" for n, mark in enumerate(marks))
    source = opened(tmp_path, text)
    assert ("blocked", "accountDisabled") in suggest(source.columns, source.sample()).rows()
    at = source.columns.index("accountDisabled")
    assert [record.values[at] for record in source.sample()] == list(marks.values())
    assert any("pwdAccountLockedTime" in warning for warning in source.facts().warnings)


def test_the_permanent_id_of_a_directory_is_the_user_id_and_uid_the_username(tmp_path: Path) -> None:
    entries = (
        f"dn: uid=u{n},dc=x\nuid: u{n}\nmail: u{n}@example.com\nentryUUID: 00000000-0000-4000-8000-00000000000{n}\n"
        for n in range(5)
    )
    source = opened(tmp_path, "\n".join(entries))
    rows = suggest(source.columns, source.sample()).rows()
    assert {("user_id", "entryUUID"), ("username", "uid")} <= set(rows)


def test_without_a_permanent_id_of_a_directory_uid_is_the_user_id(tmp_path: Path) -> None:
    source = opened(tmp_path, "dn: uid=ann,dc=x\nuid: ann\nmail: ann@example.com\n")
    rows = suggest(source.columns, source.sample()).rows()
    assert ("user_id", "uid") in rows
    assert "username" not in dict(rows)


def test_the_object_guid_of_active_directory_is_the_user_id(tmp_path: Path) -> None:
    source = opened(tmp_path, "dn: cn=ann,dc=x\nobjectGUID:: AAECAwQFBgcICQoLDA0ODw==\nmail: ann@example.com\n")
    assert ("user_id", "objectGUID") in suggest(source.columns, source.sample()).rows()


def test_one_large_value_takes_no_longer_than_as_much_in_small_entries() -> None:
    small = b"dn: uid=ada,dc=example,dc=com\nuid: ada\nmail: ada@example.com\n\n"
    many = small * ((32 << 20) // len(small))

    def seconds(data: bytes) -> float:
        began = time.process_time()
        assert sum(block.count for block in _cut(io.BytesIO(data).read))
        return time.process_time() - began

    assert seconds(small.rstrip(b"\n") + b"x" * len(many)) < seconds(many)
