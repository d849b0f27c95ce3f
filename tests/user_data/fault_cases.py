"""Invalid input of many kinds: the files, the command that reads them, and what its message must say.

It is one table, from which docs/faults.md is written, so it is longer than 300 lines.
"""

# ruff: noqa: E501  A table reads best with a case a line.

import gzip
import io
import json
import re
import sqlite3
import struct
from dataclasses import dataclass, field

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet

ROWS = "".join(f"line {number} of it,{'good' if number % 2 else 'bad'}\n" for number in range(1, 9))
TABLE = f"text,label\n{ROWS}"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100"
    "c9fe92ef0000000049454e44ae426082"
)


def wav(bits=16, kind=1, samples=800, rate=8000):
    """Returns a WAV file of silence."""
    data = bytes(samples * bits // 8)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, kind, 1, rate, rate * bits // 8, bits // 8, bits)
    body = b"WAVE" + head + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def npz(**arrays):
    """Returns a NumPy archive."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


class Malice:
    """What unpickling would run, were it let."""

    def __reduce__(self):
        return (print, ("run",))


def ragged(*items):
    """Returns an object array of arrays."""
    array = np.empty(len(items), object)
    array[:] = items
    return array


def images(**others):
    """Returns the files of a folder with two classes, and others."""
    return {**{f"{kind}/{number}.png": PIXEL for kind in ("cat", "dog") for number in range(6)}, **others}


def parquet(**columns):
    """Returns a Parquet file."""
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), file)
    return file.getvalue()


def arrow(**columns):
    """Returns an Arrow file."""
    file = io.BytesIO()
    table = pa.table(columns)
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


def excel(*rows):
    """Returns a workbook with one sheet."""
    file, workbook = io.BytesIO(), openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.save(file)
    return file.getvalue()


def database(*statements):
    """Returns an SQLite database."""
    with sqlite3.connect(":memory:") as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        return connection.serialize()


@dataclass
class Case:
    """One kind of broken input.

    Attributes:
        name: what is wrong, for people.
        address: the dataset asked for; names of files are within the folder that `files` are written to.
        files: contents by name.
        wants: what the message must hold.
        task: the task.
        options: further options.
        row: whether `skip_bad_rows` goes on.
    """

    name: str
    address: str
    files: dict
    wants: tuple
    task: str = "classification"
    options: dict = field(default_factory=dict)
    row: bool = False


def table(name, content, *wants, form="csv", row=False, **options):
    """Returns the case of a broken table."""
    task = options.pop("task", "classification")
    return Case(name, f"{form}:data.{form}", {f"data.{form}": content}, wants, task, options, row)


TEXTS = [f"line {number} of it" for number in range(1, 9)]
LABELS = ["good", "bad"] * 4
SERIES = np.zeros((12, 5, 2), "float32")
KINDS = np.arange(12) % 2

CASES = [
    # Where the files are
    Case("a missing file", "csv:dta.csv", {"data.csv": TABLE}, ("dta.csv", "Did you mean 'data.csv'")),
    Case("a folder instead of a file", "csv:data.csv", {"data.csv/x": ""}, ("data.csv is a folder",)),
    Case("a file instead of a folder", "images:pics", {"pics": ""}, ("pics is a file",)),
    Case("an unknown file format", "cvs:data.csv", {"data.csv": TABLE}, ("'cvs'", "Did you mean 'csv'")),
    Case("a file format for other tasks", "conll:data.conll", {"data.conll": "a B\n"}, ("tagging", "csv:FILE")),
    # Tables as files
    table("an empty file", "", "data.csv is empty"),
    table("a header without rows", "text,label\n", "data.csv has too few rows for the splits train"),
    table("too few rows", "text,label\na,x\nb,y\n", "has too few rows", "Add rows"),
    table("only one class", "text,label\n" + "a text,good\n" * 3 + "b,good\nc,good\nd,good\n", "only one class, 'good'"),
    table("a binary file", b"\x00\x01\x02\x00" * 99, "data.csv", "zero byte"),
    table("a damaged gzip file", gzip.compress(TABLE.encode() * 99)[:60], "truncated or damaged"),
    table("an unknown encoding", TABLE, "no encoding 'uft-8'", "Did you mean utf-8", encoding="uft-8"),
    table("truncated UTF-16", TABLE.encode("utf-16")[:-1], "cannot be decoded as utf-16"),
    table("a codec that is not a text encoding", TABLE, "'base64' is not an encoding of text", encoding="base64"),
    table("an invalid separator", TABLE, "'semicolan'", "Did you mean semicolon", separator="semicolan"),
    table("an unsupported separator", TABLE.replace(",", "^"), "'text^label'", "comma, pipe, semicolon or tab",
          "--set separator="),
    table("commas in a tab-separated file", TABLE, "contains no tab", "--set separator=", form="tsv"),
    # Columns
    table("a missing column", TABLE, "no column 'txt'", "Did you mean 'text'", "'label'", columns="text=txt"),
    table("columns without usual names", "a,b\nc,d\n", "'a', 'b'", "--columns text=NAME,label=NAME"),
    table("series in the columns of a table", ",".join(f"t{n}" for n in range(40)) + "\n" + "0.5," * 39 + "0.1\n", "'t9', and 30 more",
          "numpy.savez", "npz:FILE"),
    table("an unknown word in `columns`", TABLE, "received 'txet=a'", "'text'", columns="txet=a"),
    table("a repeated word in `columns`", TABLE, "two columns for 'text'", columns="text=text,text=label"),
    table("a word of another task in `columns`", TABLE, "names 'image'", "text, label", columns="image=text,label=label"),
    table("two columns with the same name", "text,text,label\na,b,c\n", "line 1", "'text'"),
    table("column numbers in a file with a header", TABLE.replace("text,label", "0,1"), "no column '2'", "'0', '1'", columns="text=1,label=2"),
    # Rows
    table("too few fields", TABLE + "only this\n", "line 10", "1 field, but the header has 2", "only this", row=True),
    table("too many fields", TABLE + "a, b,good\n", "line 10", "3 fields", "needs quotes", row=True),
    table("far too many fields", TABLE + "a," * 20_000 + "good\n", "line 10", "more than 16,384 fields, but the header has 2", row=True),
    table("far too many tab-separated fields", TABLE.replace(",", "\t") + "a\t" * 20_000 + "good\n", "line 10", "more than 16,384 fields",
          form="tsv", row=True),
    table("an unclosed quote", TABLE + '"a,good\nb,bad\n', "line 10", "never closed", row=True),
    table("text after a closing quote", TABLE + '"a" b,good\n', "line 10", "double a quote within quotes", row=True),
    table("an unquoted carriage return", TABLE + "a\rb,good\n", "line 10", "carriage return", "needs quotes", row=True),
    table("a very long label", TABLE + "a," + "long " * 300 + "\n", "line 10, column 'label'", "1,499 characters", row=True),
    table("an undecodable byte", TABLE.encode() + b"caf\xe9,good\n", "line 10, column 'text'", "0xe9", row=True),
    table("an undecodable byte in a label", TABLE.encode() + b"a,b\xff\n", "line 10, column 'label'", "0xff", row=True),
    table("an empty label", TABLE + "a,\n", "line 10, column 'label'", "the label is empty", row=True),
    table("many invalid rows", TABLE + "a\n" * 9, "line 10", "Line 14", "4 more rows", "Correct them", row=True),
    table("text instead of a number", "text,value\n" + "a,1\n" * 9 + "b,2,5\nc,two\n", "Line 12, column 'value'", "'two'",
          task="regression", row=True),
    table("a decimal comma", "text;value\n" + "a;1\n" * 9 + "b;2,5\n", "line 11, column 'value'", "a decimal point", "'2,5'",
          task="regression", row=True),
    table("thousands separators", 'text,value\n' + "a,1\n" * 9 + 'b,"1,234.5"\n', "line 11", "without thousands separators",
          task="regression", row=True),
    table("an empty value", "text,value\n" + "a,1\n" * 9 + "b,\n", "line 11", "the value is empty", task="regression",
          row=True),
    table("an infinite number", "text,value\na,1\nb,2\nc,3\nd,inf\n", "line 5, column 'value'", "'inf'",
          task="regression", row=True),
    table("a number out of the range of float32", "text,value\na,1\nb,2\nc,3\nd,1e39\n", "line 5, column 'value'",
          "float32", task="regression", row=True),
    table("an empty translation", "en\tja\na\tあ\nb\tい\nc\tう\nd\t\n", "line 5, column 'ja'", "the text is empty",
          form="tsv", task="translation", columns="source=en,target=ja", row=True),
    table("a line without a tab", "a\tあ\nb\tい\nc\tう\nd d\n", "line 4", "1 field, but the first line has 2",
          form="tsv", task="translation", columns="source=1,target=2", row=True),
    table("an infinite number as a label", "text,label\n" + "a,1\nb,2.0\n" * 9 + "d,inf\n", "line 20, column 'label'",
          "a finite number is expected", row=True),
    # JSON lines
    table("a line that is not JSON", '{"text": "a", "label": "b"}\n{"text": \n', "line 2", "not valid JSON",
          form="jsonl", row=True),
    table("a line that is not an object", '{"text": "a", "label": "b"}\n[1]\n', "line 2", "an object is expected",
          form="jsonl", row=True),
    table("a missing key", '{"text": "a", "label": "b"}\n{"text": "c"}\n', "line 2", "no 'label'",
          form="jsonl", row=True),
    table("null instead of text", '{"text": "a", "label": "b"}\n{"text": null, "label": "b"}\n', "line 2, column 'text'",
          "None", form="jsonl", row=True),
    table("a first line that is not an object", "[]\n", "line 1", "an object such as", form="jsonl"),
    # Further files
    Case("an unknown label in the test file", "csv:data.csv",
         {"data.csv": TABLE, "test.csv": "text,label\na,good\nb,fine\n"},
         ("test.csv, line 3, column 'label'", "'fine'", "bad, good"), options={"test": "test.csv"}, row=True),
    Case("a label with different capitalization", "csv:data.csv",
         {"data.csv": TABLE, "test.csv": "text,label\na,good\nb,Bad\n"},
         ("test.csv, line 3, column 'label'", "'bad' differs only in case"), options={"test": "test.csv"}, row=True),
    Case("a test file without the column", "csv:data.csv",
         {"data.csv": TABLE, "test.csv": "text,stars\na,1\n"},
         ("test.csv has no column 'label'", "'stars'"), options={"test": "test.csv"}),
    # Texts
    Case("a single file for translation", "text:a.txt", {"a.txt": "a\n"}, ("separated by a comma",), "translation"),
    Case("parallel files with different numbers of lines", "text:a.txt,b.txt", {"a.txt": "a\nb\nc\n", "b.txt": "a\n"},
         ("a.txt has more lines than", "b.txt", "after line 1"), "translation"),
    Case("an empty line in the target file", "text:a.txt,b.txt", {"a.txt": "a\nb\nc\nd\n", "b.txt": "a\n\nc\nd\n"},
         ("line 2", "the text is empty"), "translation", row=True),
    Case("an undecodable byte in a sentence", "text:a.txt,b.txt", {"a.txt": "a\nb\nc\nd\n", "b.txt": b"a\nb\nc\nd\xfe\n"},
         ("line 4 of b.txt", "0xfe"), "translation", row=True),
    Case("a text that is too short for a language model", "text:a.txt", {"a.txt": "short"}, ("5 characters", "200"), "language_modeling"),
    Case("an undecodable byte in a text for a language model", "text:a.txt", {"a.txt": b"a\n" * 200 + b"\xe9t\xe9\n"},
         ("a.txt, line 201", "0xe9"), "language_modeling"),
    # CoNLL
    Case("a token without a tag", "conll:a.conll", {"a.conll": "EU B-ORG\n\nrejects O\n\nGerman B-MISC\n\ncall\n"},
         ("line 7", "1 field, but the first line has 2", "exactly one tag", "'call'"), "tagging", row=True),
    Case("a missing CoNLL column", "conll:a.conll", {"a.conll": "EU B-ORG\n\nGerman O\n"},
         ("no column '5'", "1, 2"), "tagging", options={"columns": "tags=5"}),
    Case("a CoNLL file with one column", "conll:a.conll", {"a.conll": "EU\nrejects\n"}, ("one column", "'EU'"), "tagging"),
    Case("an empty tag", "conll:a.conll", {"a.conll": "EU\tO\n\na\t\n\nb\tO\n\nc\tO\n"}, ("line 3, column '2'", "the tag is empty"),
         "tagging", row=True),
    Case("an unknown tag in the test file", "conll:a.conll",
         {"a.conll": "".join(f"word{n} O\n\n" for n in range(9)), "b.conll": "a B-X\n"},
         ("b.conll, line 1", "'B-X'", "not seen in training"), "tagging", options={"test": "b.conll"}, row=True),
    # Images
    Case("a damaged image", "images:pics", {f"pics/{k}": v for k, v in images(**{"cat/bad.png": b"no"}).items()},
         ("file 'cat/bad.png'", "2 bytes cannot be opened: it does not begin like an image"), row=True),
    Case("a truncated image", "images:pics",
         {f"pics/{k}": v for k, v in images(**{"dog/cut.png": PIXEL[:40]}).items()},
         ("file 'dog/cut.png'", "40 bytes cannot be opened: it is truncated"), row=True),
    Case("an image in an unsupported format", "images:pics",
         {f"pics/{k}": v for k, v in images(**{"cat/scan.jpg": b"II*\0" + bytes(99)}).items()},
         ("file 'cat/scan.jpg'", "a TIFF file", "BMP and WebP"), row=True),
    Case("only images in unsupported formats", "images:pics", {f"pics/{n}.tif": b"" for n in range(12)},
         ("12 files end in .tif, which is not read",)),
    Case("a name that matches several images", "images:pics",
         {f"pics/{k}": v for k, v in images(**{"labels.csv": "image,label\ncat/0.png,a\ndog/0.png,b\ndog/1.png,b\ncat/1.png,a\n0.png,a\n"}).items()},
         ("labels.csv line 6, column 'image'", "'cat/0.png' and 'dog/0.png'"), row=True),
    Case("a path outside the folder", "images:pics",
         {f"pics/{k}": v for k, v in images(**{"labels.csv": "image,label\ncat/0.png,a\ndog/0.png,b\ndog/1.png,b\n../0.png,a\n"}).items()},
         ("labels.csv line 5, column 'image'", "is outside the folder", "'cat/0.png'"), row=True),
    Case("split folders next to another folder", "images:pics",
         {f"pics/{part}/{k}": v for part in ("train", "test", "more") for k, v in images().items()},
         ("'more' next to the folders of splits, 'train', 'test'",)),
    Case("a folder without images", "images:pics", {"pics/a.txt": ""}, ("contains no file with the extension .png",)),
    Case("images outside class folders", "images:pics", {"pics/a.png": PIXEL}, ("a folder for each class", "labels.csv")),
    Case("an image next to class folders", "images:pics", {f"pics/{k}": v for k, v in images(**{"x.png": PIXEL}).items()},
         ("file 'x.png'", "not in a folder of a class"), row=True),
    Case("images without captions", "images:pics", {"pics/a.png": PIXEL}, ("captions.csv", "token"), "captioning"),
    Case("a caption for a missing image", "images:pics",
         {**{f"pics/{n}.png": PIXEL for n in range(4)},
          "pics/captions.csv": "image,caption\n" + "".join(f"{n}.png,a dot\n" for n in range(4)) + "b.png,a cat\n"},
         ("captions.csv line 6, column 'image'", "no such file", "'b.png'"), "captioning", row=True),
    Case("a Flickr caption without a number", "images:pics",
         {**{f"pics/{n}.png": PIXEL for n in range(4)},
          "pics/Flickr.token.txt": "".join(f"{n}.png#0\ta dot\n" for n in range(4)) + "1.png a dot\n"},
         ("Flickr.token.txt line 5", "IMAGE#NUMBER"), "captioning", row=True),
    # Recordings
    Case("a recording that is not a WAV file", "audio:calls",
         {**{f"calls/{n}_word.wav": wav() for n in range(4)}, "calls/x.wav": b"ID3 mp3"},
         ("file 'x.wav'", "not a valid MP3 file"), "transcription", row=True),
    Case("a truncated recording", "audio:calls",
         {**{f"calls/{n}_word.wav": wav() for n in range(4)}, "calls/x.wav": wav()[:-600]},
         ("file 'x.wav'", "1,000 of 1,600 bytes"), "transcription", row=True),
    Case("an unsupported sample format", "audio:calls",
         {**{f"calls/{n}_word.wav": wav() for n in range(4)}, "calls/x.wav": wav(bits=8, kind=0x161)},
         ("file 'x.wav'", "WAV format 353 with 8 bits"), "transcription", row=True),
    Case("a recording without samples", "audio:calls",
         {**{f"calls/{n}_word.wav": wav() for n in range(4)}, "calls/x.wav": wav(samples=0)},
         ("file 'x.wav'", "no samples"), "transcription", row=True),
    # Arrays
    Case("not a NumPy archive", "npz:a.npz", {"a.npz": b"no"}, ("a.npz is not a NumPy archive",)),
    Case("an archive without series", "npz:a.npz", {"a.npz": npz(data=SERIES, y=KINDS, z=KINDS)}, ("'data', 'y', 'z'", "series=")),
    Case("different numbers of series and targets", "npz:a.npz", {"a.npz": npz(x=SERIES, y=KINDS[:5])},
         ("12 series", "5 targets")),
    Case("lengths greater than the number of steps", "npz:a.npz", {"a.npz": npz(x=SERIES, y=KINDS, lengths=np.full(12, 9))},
         ("a length is 9, but a series has only 5 steps",)),
    Case("lengths that do not add up to the number of steps", "npz:a.npz", {"a.npz": npz(x=SERIES[0], y=KINDS, lengths=np.full(12, 3))},
         ("5 steps, but the lengths sum to 36",)),
    Case("a one-dimensional array of series", "npz:a.npz", {"a.npz": npz(x=np.zeros(12), y=KINDS)}, ("(12,)", "'lengths'")),
    Case("series of texts", "npz:a.npz", {"a.npz": npz(x=np.full((12, 2), "a"), y=KINDS)}, ("numbers are expected",)),
    Case("targets with several columns", "npz:a.npz", {"a.npz": npz(x=SERIES, y=SERIES[:, 0] + 0.5)},
         ("array 'y'", "(12, 2)", "one-hot", "row 0")),
    Case("regression targets for each step", "npz:a.npz", {"a.npz": npz(x=SERIES, y=SERIES)},
         ("array 'y'", "(examples, targets)"), "regression"),
    Case("dates as targets", "npz:a.npz", {"a.npz": npz(x=SERIES, y=KINDS.astype("datetime64[D]"))},
         ("array 'y'", "datetime64")),
    Case("complex targets", "npz:a.npz", {"a.npz": npz(x=SERIES, y=KINDS * 1j)}, ("array 'y'", "complex128")),
    Case("a single target", "npz:a.npz", {"a.npz": npz(x=SERIES, y=np.array(1))}, ("array 'y'", "a single value")),
    Case("a missing target", "npz:a.npz", {"a.npz": npz(x=SERIES, y=np.array([*KINDS[:11], np.nan]))},
         ("example 11, column 'y'", "the label is empty"), row=True),
    Case("an infinite target", "npz:a.npz", {"a.npz": npz(x=SERIES, y=np.array([*KINDS[:11], -np.inf]))},
         ("example 11, column 'y'", "a finite number is expected"), row=True),
    Case("a pickle that would execute code", "npz:a.npz", {"a.npz": npz(x=ragged(Malice(), Malice()), y=KINDS[:2])},
         ("builtins.print", "no array of numbers needs")),
    Case("a series with a different number of features", "npz:a.npz",
         {"a.npz": npz(x=ragged(*[np.zeros((3, 2))] * 8, np.zeros((3, 4))), y=KINDS[:9])},
         ("example 8, column 'x'", "(3, 4)", "(steps, 2)"), row=True),
    Case("a series without steps", "npz:a.npz",
         {"a.npz": npz(x=ragged(*[np.zeros((3, 2))] * 8, np.zeros((0, 2))), y=KINDS[:9])},
         ("example 8, column 'x'", "no steps"), row=True),
    Case("arrays of a split without targets", "npz:a.npz", {"a.npz": npz(x_train=SERIES, y_train=KINDS, x_test=SERIES)},
         ("a.npz, split 'test' has no column 'y'", "'x'")),
    # Several files
    Case("a pattern that matches no file", "csv:part-*.csv", {"data.csv": TABLE}, ("No file matches", "part-*.csv", "'data.csv'")),
    Case("a pattern that matches files with different columns", "csv:part-*.csv", {"part-1.csv": TABLE, "part-2.csv": "text,label,more\na,b,c\n"},
         ("part-2.csv has the columns", "'more'", "part-1.csv has")),
    Case("an invalid row in one of several files", "csv:part-*.csv", {"part-1.csv": TABLE, "part-2.csv": f"{TABLE}only this\n"},
         ("part-*.csv, part-2.csv line 10", "1 field"), row=True),
    # Parquet, Arrow and Hugging Face
    Case("not a Parquet file", "parquet:a.parquet", {"a.parquet": TABLE}, ("a.parquet is not a Parquet file",)),
    Case("a truncated Parquet file", "parquet:a.parquet", {"a.parquet": parquet(text=TEXTS, label=LABELS)[:-9]},
         ("a.parquet cannot be read", "truncated or damaged")),
    Case("a Parquet file without rows", "parquet:a.parquet", {"a.parquet": parquet(text=pa.array([], "string"), label=pa.array([], "string"))},
         ("a.parquet has too few rows",)),
    Case("a missing label in a Parquet file", "parquet:a.parquet", {"a.parquet": parquet(text=TEXTS, label=[None, *LABELS[1:]])},
         ("row 1, column 'label'", "the label is empty"), row=True),
    Case("a missing nested column", "parquet:a.parquet", {"a.parquet": parquet(review=[{"body": text} for text in TEXTS], label=LABELS)},
         ("no column 'review.text'", "Did you mean 'review.body'"), options={"columns": "text=review.text,label=label"}),
    Case("lists of tokens and tags of different lengths", "parquet:a.parquet",
         {"a.parquet": parquet(tokens=[["a", "b"]] * 8, tags=[["X", "Y"]] * 7 + [["X"]])}, ("row 8, column 'tags'", "2 tokens, but 1 tag"),
         "tagging", row=True),
    Case("not an Arrow file", "arrow:a.arrow", {"a.arrow": TABLE}, ("a.arrow is not an Arrow file",)),
    Case("a truncated Arrow file", "arrow:a.arrow", {"a.arrow": arrow(text=TEXTS, label=LABELS)[:-9]},
         ("a.arrow cannot be read", "truncated or damaged")),
    Case("a folder that `save_to_disk` did not write", "hf:saved", {"saved/a.csv": TABLE}, ("saved is not a folder", "state.json")),
    Case("a saved dataset without a training split", "hf:saved", {"saved/dataset_dict.json": '{"splits": ["a", "b"]}'},
         ("no split 'train'", "saved/b")),
    Case("a saved dataset that names a file outside its folder", "hf:saved",
         {"saved/state.json": json.dumps({"_data_files": [{"filename": "../a.arrow"}]})}, ("'../a.arrow'", "not the name of a file")),
    # JSON
    Case("a document that is not JSON", "json:a.json", {"a.json": '[{"text": "a"},\n'}, ("a.json, line 2", "not valid JSON")),
    Case("JSON Lines instead of a document", "json:a.json", {"a.json": '{"text": "a"}\n{"text": "b"}\n'}, ("jsonl:", "a.json")),
    Case("a row that is not an object", "json:a.json", {"a.json": '[{"text": "a", "label": "b"}, 3]'}, ("row 2", "not int")),
    Case("a list instead of a text", "json:a.json", {"a.json": json.dumps({"text": [*TEXTS, ["a"]], "label": [*LABELS, "good"]})},
         ("row 9, column 'text'", "received the type list"), row=True),
    Case("JSON columns of different lengths", "json:a.json", {"a.json": '{"text": ["a", "b"], "label": ["c"]}'},
         ("'text' has 2 values, but 'label' has 1",)),
    Case("a document without rows", "json:a.json", {"a.json": '{"version": 1, "data": [{"text": "a"}]}'}, ("'version' is int", "'data'")),
    # Workbooks
    Case("not an Excel workbook", "excel:a.xlsx", {"a.xlsx": TABLE}, ("a.xlsx is not an .xlsx workbook",)),
    Case("a workbook in the older format .xls", "excel:a.xls", {"a.xls": b"\xd0\xcf\x11\xe0" + bytes(600)}, ("the older format .xls",)),
    Case("an empty sheet", "excel:a.xlsx", {"a.xlsx": excel()}, ("the sheet 'Sheet' is empty", "--set sheet=NAME")),
    Case("a missing sheet", "excel:a.xlsx", {"a.xlsx": excel(["text"])}, ("no sheet 'Shet'", "Did you mean 'Sheet'"),
         options={"sheet": "Shet"}),
    Case("an empty cell", "excel:a.xlsx", {"a.xlsx": excel(["text", "label"], *zip(TEXTS, LABELS, strict=True), ["a", None])},
         ("row 10, column 'label'", "the label is empty"), row=True),
    # Databases
    Case("not an SQLite database", "sqlite:a.db", {"a.db": TABLE}, ("a.db is not an SQLite database",)),
    Case("a database with several tables", "sqlite:a.db", {"a.db": database("CREATE TABLE a (b)", "CREATE TABLE c (d)")},
         ("the tables 'a', 'c'", "Add a query")),
    Case("a truncated database", "sqlite:a.db", {"a.db": database("CREATE TABLE a (b)", "CREATE TABLE c (d)")[:-99]},
         ("a.db is truncated", "bytes")),
    Case("a query with an error", "sqlite:a.db?SELECT text FROM b", {"a.db": database("CREATE TABLE a (text)")}, ("no such table: b",)),
    Case("a query that writes", "sqlite:a.db?DELETE FROM a", {"a.db": database("CREATE TABLE a (text)")}, ("syntax error",)),
    Case("a query that loads an extension", "sqlite:a.db?SELECT load_extension('x')", {"a.db": database("CREATE TABLE a (text)")},
         ("only SELECT is allowed",)),
    # TFDS
    Case("a missing TFDS dataset", "tfds:no_such_set", {"tfds/x": ""}, ("no_such_set",),
         options={"data_dir": "tfds"}),
]  # fmt: skip


def write(case, folder):
    """Writes the files of a case to a folder; returns its address and options, with full paths."""
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    form, _, places = case.address.partition(":")
    if form != "tfds":
        places = ",".join(str(folder / place) for place in places.split(","))
    named = ("validation", "test", "data_dir")
    options = {key: str(folder / value) if key in named else value for key, value in case.options.items()}
    return f"{form}:{places}", options


JANUARY = "".join(f"2024-01-{day:02},{day % 7}\n" for day in range(1, 31))


def over_time(name, content, *wants, row=False, form="csv", **options):
    """Returns the case of an invalid table over time, by default with daily rows and a short window."""
    given = {"history": 3, "horizon": 1, "columns": "time=day,target=y", **options}
    return Case(name, f"{form}:data.{form}", {f"data.{form}": content}, wants, "forecasting", given, row)


def january(**changed):
    """Returns a table over time with 30 days; `changed` gives other rows by "line" and their number in the file."""
    rows = JANUARY.splitlines()
    for line, row in changed.items():
        rows[int(line.removeprefix("line")) - 2] = row
    return "day,y\n" + "\n".join(rows) + "\n"


HOURS = "".join(f"2024-10-{day:02} {hour:02}:00,1\n" for day in (26, 27, 28) for hour in range(24))
TWICE = "day,y\n" + HOURS.replace("2024-10-27 02:00,1\n", "2024-10-27 02:00,1\n2024-10-27 02:00,2\n")

CASES += [
    over_time("table over time: an invalid time", january(line7="soon,3"), "line 7", "'day'", "'soon'", row=True),
    over_time(
        "table over time: a missing time", january(line7=",3"), "line 7, column 'day': the time is empty", row=True
    ),
    over_time("table over time: a date that does not exist", january(line7="2024-02-30,3"), "line 7", row=True),
    over_time(
        "table over time: dates with the day first", january().replace("2024-01-", "01/2024/"), "time_format", row=False
    ),
    over_time(
        "table over time: times in two formats",
        january(line9="2024-01-08T00:00Z,3"),
        "line 9",
        "'2024-01-01'",
        row=True,
    ),
    over_time(
        "table over time: times in another format than `time_format`",
        january(),
        "in the format %d.%m.%Y is expected",
        time_format="%d.%m.%Y",
    ),
    over_time(
        "table over time: an unknown time zone", january(), "Did you mean Europe/Berlin", time_zone="Europe/Berlln"
    ),
    over_time(
        "table over time: a time skipped by daylight saving",
        "day,y\n2024-03-31 02:30,1\n" + HOURS,
        "does not exist",
        "line 2",
        time_zone="Europe/Berlin",
        row=True,
    ),
    over_time(
        "table over time: a time repeated by daylight saving", TWICE, "line 29", "line 28", "time_zone=", row=True
    ),
    over_time(
        "table over time: different values for the same time",
        january(line12="2024-01-02,9"),
        "line 12",
        "line 3",
        "id=NAME",
        row=True,
    ),
    over_time(
        "table over time: text instead of a number",
        january(line5="2024-01-04,much"),
        "line 5",
        "'y'",
        "'much'",
        row=True,
    ),
    over_time(
        "table over time: a decimal comma", january(line5='2024-01-04,"3,5"'), "line 5", "decimal point", row=True
    ),
    over_time("table over time: an infinite value", january(line5="2024-01-04,inf"), "line 5", "finite", row=True),
    over_time(
        "table over time: a number too large for float32", january(line5="2024-01-04,1e39"), "line 5", "'y'", row=True
    ),
    over_time(
        "table over time: a time off the grid",
        january(line5="2024-01-03T12:00,1"),
        "line 5",
        "grid of 1 day",
        row=True,
    ),
    over_time(
        "table over time: times without a regular step",
        "day,y\n"
        + "".join(
            f"2024-01-{1 + number * number % 29:02}T{number % 24:02}:{number * 7 % 60:02},1\n" for number in range(24)
        ),
        "no regular step",
    ),
    over_time(
        "table over time: a year with an extra digit",
        january(line31="9024-01-30,1"),
        "far more than rows",
        "9024-01-30",
    ),
    over_time("table over time: a missing column", january(), "'dya'", "'day'", columns="time=dya,target=y"),
    over_time(
        "table over time: no column with a usual name for the target",
        "date,a,b\n2024-01-01,1,2\n",
        "'target'",
        "target=A+B",
        columns="",
    ),
    over_time(
        "table over time: a column named for two words", january(), "'y' twice", columns="time=day,target=y,known=y"
    ),
    over_time(
        "table over time: a series without an id",
        "day,shop,y\n2024-01-01,,1\n" + JANUARY.replace(",", ",a,"),
        "line 2",
        "'shop'",
        columns="time=day,target=y,id=shop",
        row=True,
    ),
    over_time("table over time: a header without rows", "day,y\n", "no rows"),
    over_time(
        "table over time: series shorter than a window", january(), "30 steps of 1 day", "--set history=N", history=60
    ),
    over_time("table over time: a split without a window", january(), "validation", "--set horizon=", horizon=5),
    over_time(
        "table over time: no value at all", re.sub(",.*", ",", january()).replace("day,", "day,y"), "'y' has no value"
    ),
    over_time("table over time: a file for a split", january(), "follow one another", validation="more.csv"),
    over_time("table over time: invalid sizes of splits", january(), "70/10/20", splits="70/30"),
    over_time("table over time: sizes of splits that are far too large", january(), "'1e300/1/1'", splits="1e300/1/1"),
    over_time(
        "table over time: splits larger than the data",
        january(),
        "asks for 140 steps, but there are 30",
        splits="100/20/20",
    ),
    over_time(
        "table over time: a list as the value in JSON",
        "".join(f'{{"day": "2024-01-{day:02}", "y": {day if day != 9 else [1, 2]}}}\n' for day in range(1, 31)),
        "line 9",
        "'y'",
        form="jsonl",
        row=True,
    ),
]
