"""Writes test/reference/parquet/*.parquet and rows.json: the same rows in every codec and page version, and what they are.

Run with pyarrow installed:  python scripts/reference/generate-parquet.py
"""

import datetime
import json
import pathlib

import pyarrow
import pyarrow.parquet

ROWS = 300
TARGET = pathlib.Path(__file__).resolve().parents[2] / "test" / "reference" / "parquet"

rows = [
    {
        "text": None if row % 50 == 7 else f"message {row} – ü 😀 " + "word " * (row % 9),
        "label": row % 3,
        "score": row / 8,
        "large": 2**60 + row if row % 2 else row,
        "flag": row % 2 == 0,
        "words": ["w%d" % word for word in range(row % 4)],
        "name": ["alpha", "beta", "gamma"][row % 3],
    }
    for row in range(ROWS)
]
schema = pyarrow.schema(
    [
        ("text", pyarrow.string()),
        ("label", pyarrow.int64()),
        ("score", pyarrow.float64()),
        ("large", pyarrow.int64()),
        ("flag", pyarrow.bool_()),
        ("words", pyarrow.list_(pyarrow.string())),
        ("name", pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
    ]
)
table = pyarrow.Table.from_pylist(rows, schema=schema)

TARGET.mkdir(parents=True, exist_ok=True)
for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
    for version in ["1.0", "2.0"]:
        pyarrow.parquet.write_table(
            table,
            TARGET / f"{codec}-{version[0]}.parquet",
            compression=codec,
            row_group_size=128,
            data_page_version=version,
            data_page_size=1024,
        )

expected = [{**row, "large": row["large"] if row["large"] < 2**53 else str(row["large"])} for row in rows]
(TARGET / "rows.json").write_text(json.dumps(expected, ensure_ascii=False))

when = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
pyarrow.parquet.write_table(
    pyarrow.table(
        {
            "when": pyarrow.array([when, None], pyarrow.timestamp("us", tz="UTC")),
            "bytes": pyarrow.array([b"plain", b"\xff\x00"], pyarrow.binary()),
            "single": pyarrow.array([0.5, float("nan")], pyarrow.float32()),
            "inner": pyarrow.array([{"a": 1, "b": ["x"]}, None]),
            "ids": pyarrow.array([[1, 2**60], []], pyarrow.list_(pyarrow.int64())),
        }
    ),
    TARGET / "kinds.parquet",
)
