"""Config files as plain data, and the place of each mistake in them."""

import pytest

from nws.documents import read
from nws.errors import BadInput


def written(tmp_path, text, name="c.json"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def message(path):
    with pytest.raises(BadInput) as caught:
        read(path)
    assert caught.value.message.startswith(str(path))
    assert "\n" not in caught.value.message
    return caught.value.message.removeprefix(str(path))


def test_json_and_yaml_say_the_same(tmp_path):
    json_value = read(written(tmp_path, '[{"class": "a.B", "params": {"x": [1, 2.5, null, true, "é"]}}]'))
    yaml_value = read(written(tmp_path, "- class: a.B\n  params:\n    x: [1, 2.5, null, true, é]\n", "c.yaml"))
    assert json_value == yaml_value == [{"class": "a.B", "params": {"x": [1, 2.5, None, True, "é"]}}]


@pytest.mark.parametrize("name", ["c.txt", "c"])
@pytest.mark.parametrize(("text", "value"), [('\n{"a": [1]}', {"a": [1]}), ("a: [1]", {"a": [1]}), ("- 1", [1])])
def test_without_a_known_suffix_the_first_letter_tells(tmp_path, name, text, value):
    assert read(written(tmp_path, text, name)) == value


def test_a_byte_order_mark_is_no_content(tmp_path):
    assert read(written(tmp_path, b"\xef\xbb\xbf[1]")) == [1]


@pytest.mark.parametrize(
    ("text", "number"), [("1e-3", 0.001), ("1E5", 1e5), ("-2e+1", -20.0), ("1.5e-3", 0.0015), ("12", 12), ("0.5", 0.5)]
)
def test_yaml_numbers_are_those_of_json(tmp_path, text, number):
    found = read(written(tmp_path, f"a: {text}\n", "c.yaml"))["a"]
    assert found == number
    assert type(found) is type(number)


def test_yaml_text_that_only_looks_like_a_number_stays_text(tmp_path):
    assert read(written(tmp_path, "a: 1e\nb: e5\nc: '1e-3'\n", "c.yaml")) == {"a": "1e", "b": "e5", "c": "1e-3"}


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("c.json", '[\n  {"a": 1,}\n]', "line 2, column "),
        ("c.json", "", "line 1, column 1"),
        ("c.yaml", "a:\n  - b\n c: 1\n", "line 3, column "),
        ("c.yaml", "a: !!python/object:os.system x\n", "line 1, column 4"),
        ("c.yaml", "a: *nothing\n", "line 1, column 4"),
    ],
)
def test_syntax_errors_name_line_and_column(tmp_path, name, text, where):
    assert message(written(tmp_path, text, name)).startswith(f": {where}")


@pytest.mark.parametrize(
    ("name", "text", "line", "column"),
    [
        ("c.json", '{"a": 1,\n "b": {"a": 2}, "a": 3}', 2, 17),
        ("c.json", '[{"x": "\\"x\\": {["},\n {"x": 1, "\\u0078": 2}]', 2, 11),
        ("c.yaml", "a: 1\nb:\n  a: 2\n  a: 3\n", 4, 3),
    ],
)
def test_a_key_given_twice_is_refused_where_it_stands(tmp_path, name, text, line, column):
    assert f": line {line}, column {column}: " in message(written(tmp_path, text, name))


def test_the_same_key_in_different_objects_is_no_mistake(tmp_path):
    text = '{"a": {"k": 1, "l": [{"k": 2}, {"k": "k"}]}, "b": {"k": 3}}'
    assert read(written(tmp_path, text)) == read(written(tmp_path, text, "c.yaml"))


def test_yaml_merge_keys_work(tmp_path):
    text = "base: &base {a: 1, b: 2}\nmore:\n  <<: *base\n  b: 3\n"
    assert read(written(tmp_path, text, "c.yaml"))["more"] == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("c.json", '{"p": [1, {"x": NaN}]}', ": p[1].x: nan has no JSON form"),
        ("c.json", '{"p": [1e999]}', ": p[0]: inf has no JSON form"),
        ("c.yaml", "- {x: -.inf}", ": [0].x: -inf has no JSON form"),
        ("c.yaml", "p: {1: a}", ": p: the key 1 is not text"),
        ("c.yaml", "p: 2024-10-23", ": p: a value of type date has no JSON form"),
        ("c.yaml", "p: !!set {a}", ": p: a value of type set has no JSON form"),
    ],
)
def test_what_json_cannot_say_is_refused_with_its_place(tmp_path, name, text, what):
    assert message(written(tmp_path, text, name)) == what


def test_files_that_cannot_be_read(tmp_path):
    assert "no such file" in message(tmp_path / "missing.json")
    assert "a folder" in message(tmp_path)
    assert "not UTF-8 text (byte 2)" in message(written(tmp_path, b'["\xe9"]'))


def test_a_small_file_cannot_stand_for_an_endless_one(tmp_path):
    doubling = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert "more than 1,000,000 values" in message(written(tmp_path, doubling, "c.yaml"))
    assert "nested more than 64 deep" in message(written(tmp_path, "a: &a [*a]\n", "d.yaml"))
    assert "nested too deeply" in message(written(tmp_path, "[" * 100_000 + "]" * 100_000))
