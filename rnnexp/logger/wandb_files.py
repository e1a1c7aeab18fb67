"""What the files of an offline run of Weights & Biases hold: wandb itself reads them no more.

The format is LevelDB's log: blocks of 32 KiB, in them pieces of records. Of a piece: 4 bytes of
checksum, 2 of its size, 1 of its kind; then its bytes. Source:
https://github.com/google/leveldb/blob/main/doc/log_format.md
"""

import struct
from collections.abc import Iterator
from pathlib import Path

HEADER_SIZE, BLOCK, PIECE = 7, 32768, struct.Struct("<IHB")

#: Kinds of pieces: a whole record, and the last piece of one.
WHOLE, LAST = 1, 4


def steps_in(folder: Path, run_id: str) -> set[int]:
    """The steps for which the files of a run hold a row of its history.

    folder: wandb's own. A run that was interrupted has several files.
    """
    from wandb.proto.wandb_internal_pb2 import Record

    steps = set()
    for path in folder.glob(f"offline-run-*/run-{run_id}.wandb"):
        for content in records(path.read_bytes()):
            record = Record()
            record.ParseFromString(content)
            if record.HasField("history"):
                steps.add(record.history.step.num)
    return steps


def records(content: bytes) -> Iterator[bytes]:
    """The records of a file, up to one that is not whole."""
    at, record = HEADER_SIZE, b""
    while at + PIECE.size <= len(content):
        left = BLOCK - at % BLOCK
        _, size, kind = PIECE.unpack_from(content, at)
        if left < PIECE.size or (size == 0 and kind == 0):  # nothing more in this block
            at += left
            continue
        if at + PIECE.size + size > len(content):
            return
        record += content[at + PIECE.size : at + PIECE.size + size]
        at += PIECE.size + size
        if kind in (WHOLE, LAST):
            yield record
            record = b""
