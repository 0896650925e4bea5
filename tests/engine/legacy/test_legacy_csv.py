"""Files of users are read as they are written, and what can't be read is one bad record, never more."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from csv_stage import Open, cells

from wizard.errors import SourceError
from wizard.legacy.csv import CsvSource
from wizard.legacy.source import BadRecord


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(opened: Open, delimiter: str) -> None:
    text = "id,email,note\n1,a@example.com,x y\n2,b@example.com,z\n".replace(",", delimiter)
    source = opened(text.encode())
    assert source.columns == ("id", "email", "note")
    assert cells(source) == [["1", "a@example.com", "x y"], ["2", "b@example.com", "z"]]


def test_a_semicolon_file_with_decimal_commas_is_a_semicolon_file(opened: Open) -> None:
    assert cells(opened(b"id;balance;city\n1;1,50;Ulm\n2;2,75;Bonn\n")) == [["1", "1,50", "Ulm"], ["2", "2,75", "Bonn"]]


def test_one_column_is_enough(opened: Open) -> None:
    assert cells(opened(b"email\na@example.com\nb@example.com\n")) == [["a@example.com"], ["b@example.com"]]


def test_the_first_user_of_an_htpasswd_is_no_header_and_its_hash_no_name_of_a_column(opened: Open) -> None:
    source = opened(b"ann:$apr1$VQeCheVk$U9dPrBIIsGhwA1E4N8/uf1\nbob:{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=\n")
    assert source.columns == ("column_1", "column_2")
    assert source.facts().details["delimiter"] == "colon"
    assert [row[0] for row in cells(source)] == ["ann", "bob"]


@pytest.mark.parametrize("text", ["id,at\n1,10:30\n2,11:45\n", "website\nhttps://a.example\nhttps://b.example\n"])
def test_colons_inside_cells_separate_nothing(opened: Open, text: str) -> None:
    source = opened(text.encode())
    assert ",".join(source.columns) == text.partition("\n")[0]
    assert [",".join(row) for row in cells(source)] == text.split()[1:]


def test_the_delimiter_of_the_answers_wins(opened: Open) -> None:
    assert cells(opened(b"id#name\n1#a,b\n", delimiter="#")) == [["1", "a,b"]]


def test_excels_separator_line_names_the_delimiter_and_is_no_header(opened: Open) -> None:
    source = opened(b"sep=|\r\nid|name\r\n1|a,b;c\r\n")
    assert source.columns == ("id", "name")
    assert [record.position for record in source.sample()] == ["line 3"]


@pytest.mark.parametrize(
    ("codec", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-32-le", b"\xff\xfe\x00\x00"),
    ],
)
def test_unicode_in_any_form_is_found(opened: Open, codec: str, mark: bytes) -> None:
    text = "id,name,city\n1,Zoë,Łódź\n2,Ute,東京\n3,𠮷田,Bonn\n"
    source = opened(mark + text.encode(codec))
    assert source.columns == ("id", "name", "city")
    assert cells(source) == [["1", "Zoë", "Łódź"], ["2", "Ute", "東京"], ["3", "𠮷田", "Bonn"]]


@pytest.mark.parametrize("wanted", ["utf-16", "utf-32"])
@pytest.mark.parametrize("order", ["le", "be"])
def test_wide_text_without_a_mark_tells_the_order_of_its_bytes_itself(opened: Open, wanted: str, order: str) -> None:
    text = "id,name,city\n1,Zoë,Łódź\n2,Ute,東京\n3,𠮷田,Bonn\n"
    source = opened(text.encode(f"{wanted}-{order}"), encoding=wanted)
    assert cells(source) == [["1", "Zoë", "Łódź"], ["2", "Ute", "東京"], ["3", "𠮷田", "Bonn"]]


@pytest.mark.parametrize("wanted", ["utf-16", "utf-32"])
def test_wide_text_that_does_not_tell_the_order_of_its_bytes_asks_for_it(opened: Open, wanted: str) -> None:
    with pytest.raises(SourceError, match="in which order") as refused:
        opened("東京,東京\n".encode(), encoding=wanted)
    assert f"{wanted}-le" in refused.value.remedy


def test_what_is_not_unicode_is_taken_for_western_and_says_so(opened: Open) -> None:
    source = opened("id,name\n1,Zoë\n2,Müller\n".encode("cp1252"))
    assert cells(source) == [["1", "Zoë"], ["2", "Müller"]]
    assert "Windows-1252" in source.facts().warnings[0]


def test_umlauts_beyond_the_first_megabyte_still_tell_the_encoding(opened: Open) -> None:
    plain = b"".join(b"%07d,somebody\n" % number for number in range(80_000))
    source = opened(b"id,name\n" + plain + "x,Müller\n".encode("cp1252"))
    assert cells(source)[-1] == ["x", "Müller"]


def test_an_encoding_whose_letters_hold_comma_bytes_is_cut_right(opened: Open) -> None:
    text = "id|name\n1|ソ表\n2|能\n"  # in Shift JIS these end in a backslash byte and the like
    assert cells(opened(text.encode("shift_jis"), encoding="shift_jis", delimiter="|")) == [["1", "ソ表"], ["2", "能"]]


def test_one_row_that_cannot_be_decoded_is_one_bad_record(opened: Open) -> None:
    data = "id,name\n1,Zoë\n".encode() + b"2,M\xfcller\n" + "3,Jörg\n".encode()
    assert cells(opened(data)) == [["1", "Zoë"], "undecodable", ["3", "Jörg"]]


def test_half_a_surrogate_pair_spoils_only_its_row(opened: Open) -> None:
    text = "id,name\n1,ä\n2,".encode("utf-16-le") + b"\x00\xd8" + "\n3,ö\n".encode("utf-16-le")
    assert cells(opened(b"\xff\xfe" + text)) == [["1", "ä"], "undecodable", ["3", "ö"]]


def test_a_row_with_a_nul_byte_is_a_bad_record(opened: Open) -> None:
    assert cells(opened(b"id,name\n1,a\n2,b\0c\n3,d\n")) == [["1", "a"], "nul_byte", ["3", "d"]]


def test_zeros_after_the_last_line_are_one_bad_record(opened: Open) -> None:
    assert cells(opened(b"id,name\n1,a\n" + b"\0" * 500)) == [["1", "a"], "nul_byte"]


def test_quotes_may_hold_delimiters_doubled_quotes_and_line_breaks(opened: Open) -> None:
    source = opened(b'id,note,city\n1,"say ""hi"", twice\nor more",Ulm\n2,,"Bonn"\n')
    assert cells(source) == [["1", 'say "hi", twice\nor more', "Ulm"], ["2", "", "Bonn"]]
    assert [record.position for record in source.sample()] == ["line 2", "line 4"]


def test_backslash_escapes_are_found(opened: Open) -> None:
    source = opened(b'id,note,city\n1,"say \\"hi\\", twice",Ulm\n2,"a\\\\",Bonn\n3,"x\\"\n",Kiel\n')
    assert cells(source) == [["1", 'say "hi", twice', "Ulm"], ["2", "a\\", "Bonn"], ["3", 'x"\n', "Kiel"]]


def test_a_windows_path_is_no_escape(opened: Open) -> None:
    assert cells(opened(b'id,home\n1,"C:\\users\\kim"\n2,"C:\\temp\\"\n')) == [
        ["1", "C:\\users\\kim"],
        ["2", "C:\\temp\\"],
    ]


def test_single_quotes_are_found_where_they_surround_cells(opened: Open) -> None:
    assert cells(opened(b"'id','name'\n'1','O''Neill, Kim'\n'2','Lee'\n")) == [["1", "O'Neill, Kim"], ["2", "Lee"]]


def test_apostrophes_in_names_are_no_quotes(opened: Open) -> None:
    assert cells(opened(b"id,name,city\n1,O'Neill,Ulm\n2,'t Hooft,Bonn\n")) == [
        ["1", "O'Neill", "Ulm"],
        ["2", "'t Hooft", "Bonn"],
    ]


def test_blanks_before_quotes_are_no_part_of_the_cell(opened: Open) -> None:
    assert cells(opened(b'id, name, city\n1, "Lee, Kim", Ulm\n2, "Fox, Ann", Bonn\n')) == [
        ["1", "Lee, Kim", "Ulm"],
        ["2", "Fox, Ann", "Bonn"],
    ]


def test_a_quote_inside_a_cell_is_a_character(opened: Open) -> None:
    assert cells(opened(b"id,height,name\n1,5'11\",Kim\n2,6'1\",Ann\n")) == [
        ["1", "5'11\"", "Kim"],
        ["2", "6'1\"", "Ann"],
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(opened: Open, end: str) -> None:
    source = opened(end.join(["id,name", "1,a", "", "2,b", '3,"c', 'd"', "4,e", "", ""]).encode())
    assert cells(source) == [["1", "a"], ["2", "b"], ["3", f"c{end}d"], ["4", "e"]]
    assert [record.position for record in source.sample()] == ["line 2", "line 4", "line 5", "line 7"]


def test_lines_that_windows_ended_twice_are_read(opened: Open) -> None:
    assert cells(opened(b"id,name\r\r\n1,a\r\r\n2,b\r\r\n")) == [["1", "a"], ["2", "b"]]


def test_too_few_and_too_many_cells_are_bad_records(opened: Open) -> None:
    assert cells(opened(b"id,name,city\n1,a,b\n2,a\n3,a,b,c\n4,a,b\n")) == [
        ["1", "a", "b"],
        "ragged_row",
        "ragged_row",
        ["4", "a", "b"],
    ]


def test_a_delimiter_at_the_end_of_every_line_is_an_empty_column(opened: Open) -> None:
    source = opened(b"id,name\n1,a,\n2,b,\n")
    assert source.columns == ("id", "name", "column_3")
    assert "one cell more" in source.facts().warnings[0]
    assert cells(source) == [["1", "a", ""], ["2", "b", ""]]


def test_a_quote_that_is_never_closed_costs_one_line(opened: Open) -> None:
    data = b'id,name\n1,a\n2,"Lee\n' + b"".join(b"%d,somebody\n" % number for number in range(3, 90_000))
    found = cells(opened(data))
    assert found[:3] == [["1", "a"], "unterminated_quote", ["3", "somebody"]]
    assert len(found) == 89_999


def test_a_quote_closed_by_the_next_opening_one_costs_one_line(opened: Open) -> None:
    data = b'id,name,city\n"1","Kim","Ulm"\n"2","Lee,"Bonn"\n"3,"Ann","Kiel"\n"4","Eve","Trier"\n'
    found = cells(opened(data))
    assert found[0] == ["1", "Kim", "Ulm"]
    assert found[-1] == ["4", "Eve", "Trier"]
    assert len(found) == 4


def test_an_unclosed_quote_on_the_last_line_costs_only_that_line(opened: Open) -> None:
    assert cells(opened(b'id,name\n1,a\n2,"b')) == [["1", "a"], "unterminated_quote"]


def test_a_cell_over_the_limit_of_pythons_csv_is_read(opened: Open) -> None:
    long = "x" * 300_000
    assert cells(opened(f'id,note\n1,"{long}"\n2,{long}\n'.encode())) == [["1", long], ["2", long]]


def test_formulas_stay_text(opened: Open) -> None:
    assert cells(opened(b"id,name\n1,=1+1\n2,@SUM(A1)\n")) == [["1", "=1+1"], ["2", "@SUM(A1)"]]


def test_names_of_columns_become_unique_with_a_warning(opened: Open) -> None:
    source = opened(b"id,name,,name,name_2\n1,a,b,c,d\n")
    assert source.columns == ("id", "name", "column_3", "name_3", "name_2")
    assert len(source.facts().warnings) == 2


def test_a_file_without_a_header_gets_names(opened: Open) -> None:
    source = opened(b"1,a@example.com\n2,b@example.com\n", header=False, columns=("id", "email"))
    assert source.columns == ("id", "email")
    assert cells(source) == [["1", "a@example.com"], ["2", "b@example.com"]]


@pytest.mark.parametrize(
    "first",
    [
        "1;a@example.com;Secret1;Ann",
        "1;ann;$2a$10$" + "m" * 53 + ";Ann",
        "ann;0cc175b9c0f1b6a831c399e269772661;x;Ann",
        "1;ann;Secret1;Ann",
        "ann;Secret1;2020-01-01 00:00:00;Ann",
        "ann;Secret1;" + "x" * 201 + ";Ann",
    ],
)
def test_a_first_line_that_is_a_user_is_no_header(opened: Open, first: str) -> None:
    source = opened(f"{first}\n2;b;c;d\n".encode())
    assert source.columns == ("column_1", "column_2", "column_3", "column_4")
    assert cells(source) == [first.split(";"), ["2", "b", "c", "d"]]
    assert "first line looks like a user" in source.facts().warnings[0]


@pytest.mark.parametrize(
    "header",
    [
        "id,email,2019,2020",
        "emailVerified,passwordAlgo,isActive,UserIdentity1",
        "0,1,2,3",
        ",0,1,2",
        "id,LegacyPassword1,password_hash,last_login_at",
        "Id,Email,sha256,md5",
    ],
)
def test_words_and_years_are_names_of_columns(opened: Open, header: str) -> None:
    source = opened(f"{header}\n1,a,b,c\n".encode())
    assert source.has_header
    assert source.facts().records == 1


def test_a_long_question_is_not_shown_as_the_name_of_its_column(opened: Open) -> None:
    source = opened(b"email," + b"why? " * 50 + b"\na@example.com,x\n")
    assert source.columns == ("email", "column_2")
    assert "over 200 characters" in source.facts().warnings[0]


def test_the_fingerprint_knows_data_and_way_of_reading(opened: Open) -> None:
    first = opened(b"id,name\n1,a;b\n").facts().fingerprint
    assert opened(b"id,name\n1,a;b\n").facts().fingerprint == first
    assert opened(b"id,name\n1,a;c\n").facts().fingerprint != first
    assert opened(b"id,name\n1,a;b\n", delimiter=";").facts().fingerprint != first


def test_a_file_written_while_it_is_read_is_noticed(opened: Open, tmp_path: Path) -> None:
    source = opened(b"id,name\n" + b"1,somebody\n" * 50_000)
    blocks = source.blocks()
    next(blocks)
    with (tmp_path / "users.csv").open("ab") as file:
        file.write(b"2,late\n")
    with pytest.raises(SourceError, match="changed while it was read"):
        list(blocks)


def test_a_file_put_in_its_place_meanwhile_is_noticed(opened: Open, tmp_path: Path) -> None:
    source = opened(b"id,name\n" + b"1,somebody\n" * 50_000)
    blocks = source.blocks()
    next(blocks)
    (tmp_path / "other.csv").write_bytes(b"id,name\n" + b"1,somebody\n" * 50_000)
    (tmp_path / "other.csv").replace(tmp_path / "users.csv")
    with pytest.raises(SourceError, match="changed while it was read"):
        list(blocks)


def test_a_file_changed_since_it_was_looked_at_is_noticed_after_the_last_block(opened: Open, tmp_path: Path) -> None:
    source = opened(b"id,name\n1,a\n")
    facts = source.facts()
    before = (tmp_path / "users.csv").stat()
    (tmp_path / "users.csv").write_bytes(b"id,name\n1,b\n")
    os.utime(tmp_path / "users.csv", ns=(before.st_atime_ns, before.st_mtime_ns))
    blocks = source.blocks(expect=facts.fingerprint)
    assert next(blocks).count == 1
    with pytest.raises(SourceError, match="changed"):
        next(blocks)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("head", ["id,name\n", "sep=,\nid,name\n", "# users\n\nid,name\r\n"])
def test_a_file_that_was_looked_at_has_the_same_blocks_as_one_that_was_not(opened: Open, codec: str, head: str) -> None:
    rows = "".join(f'{n},"Müller, {n}\n"\r\n{chr(10) * (n % 3)}' for n in range(20_000))
    source = opened((head + rows).encode(codec))
    anew = list(source.blocks())
    fingerprint = source.facts().fingerprint
    carried: CsvSource = pickle.loads(pickle.dumps(source))  # noqa: S301 - our own
    assert len(anew) > 2
    for seen in (source, carried):
        assert list(seen.blocks(expect=fingerprint)) == anew


def test_a_file_that_was_only_touched_since_it_was_looked_at_is_read_anew(opened: Open, tmp_path: Path) -> None:
    source = opened(b"id,name\n1,a\n2,b\n")
    facts = source.facts()
    os.utime(tmp_path / "users.csv", ns=(1, 1))
    assert [block.count for block in source.blocks(expect=facts.fingerprint)] == [2]


@pytest.mark.parametrize("codec", ["utf-8-sig", "cp1252"])
def test_a_block_is_sent_without_its_bytes_and_they_are_read_again(opened: Open, codec: str) -> None:
    source = opened("id,name\n".encode(codec) + b"1,somebody\n" * 50_000)
    for block in source.blocks():
        sent = pickle.dumps(block)
        assert len(sent) < 2_000
        assert pickle.loads(sent).data == block.data  # noqa: S301 - our own


@pytest.mark.parametrize("how", ["written", "cut", "gone"])
def test_a_file_changed_before_a_block_is_read_again_is_noticed(opened: Open, tmp_path: Path, how: str) -> None:
    source = opened(b"id,name\n" + b"1,somebody\n" * 10)
    sent = pickle.dumps(next(source.blocks()))
    path = tmp_path / "users.csv"
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(b"id,name\n" + b"1,nobodies\n" * (11 if how == "written" else 5))
    with pytest.raises(SourceError, match="changed while it was read"):
        list(pickle.loads(sent).rows())  # noqa: S301 - our own


def test_no_message_quotes_a_cell(opened: Open) -> None:
    source = opened(b'id,email\n1,kim@example.com,$2b$10$secret\n2,"kim@example.com\n', delimiter=",")
    for block in source.blocks():
        for row in block.rows():
            assert isinstance(row, BadRecord)
            assert "kim" not in row.message
            assert "$2b$" not in row.message


def test_comments_before_the_header_are_no_users(opened: Open) -> None:
    source = opened(b"# exported 2025-01-01\n# by the shop, version 2\nid,mail,name\n1,a@example.com,Ada\n")
    assert source.columns == ("id", "mail", "name")
    (record,) = source.sample()
    assert (list(record.values), record.position) == (["1", "a@example.com", "Ada"], "line 4")
    assert source.facts().records == 1


def test_a_header_may_begin_with_a_hash(opened: Open) -> None:
    source = opened(b"#id,mail\n1,a@example.com\n2,b@example.com\n")
    assert source.columns == ("#id", "mail")
    assert source.facts().records == 2
