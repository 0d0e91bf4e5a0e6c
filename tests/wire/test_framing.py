"""Messages survive any cut of the stream, and nothing but messages passes."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.errors import EngineError
from lstmviz.wire.framing import MAX_FRAME, FrameReader, encode
from lstmviz.wire.messages import Answer, Cancel, Failed, Hello, InspectModel, LoadSequence, Progress, Request

REQUESTS = st.one_of(
    st.builds(Hello, st.integers(0, 2**40)),
    st.builds(InspectModel, st.integers(0, 9), st.text()),
    st.builds(LoadSequence, st.integers(0, 9), st.text(), st.dictionaries(st.text(), st.integers(-9, 9))),
    st.builds(Cancel, st.integers(0, 9)),
)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:stop] for start, stop in itertools.pairwise(places)]


@given(st.lists(REQUESTS, max_size=6), st.lists(st.integers(0, 10**6), max_size=12))
@settings(deadline=None, max_examples=50)
def test_messages_come_out_whole_and_in_order_however_the_stream_is_cut(sent: list[Request], cuts: list[int]) -> None:
    reader: FrameReader[Request] = FrameReader(Request)
    stream = b"".join(encode(message) for message in sent)

    received = [message for piece in split(stream, cuts) for message in reader.feed(piece)]

    assert received == sent


def test_a_frame_is_its_length_in_eight_little_endian_bytes_and_then_msgpack() -> None:
    frame = encode(Progress(3, 1, 2))

    assert int.from_bytes(frame[:8], "little") == len(frame) - 8
    assert msgspec.msgpack.decode(frame[8:]) == {"type": "Progress", "id": 3, "done": 1, "total": 2, "what": ""}


def test_a_frame_over_the_limit_is_refused_by_its_length_alone() -> None:
    with pytest.raises(EngineError, match="expected at most"):
        FrameReader(Request).feed((MAX_FRAME + 1).to_bytes(8, "little"))


def test_a_message_over_the_limit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(EngineError, match="shorter sequence"):
        encode(InspectModel(1, "x" * (MAX_FRAME + 1)))


@pytest.mark.parametrize(
    "body",
    [
        b"\xc1",
        b"\xa5hello",
        msgspec.msgpack.encode({"type": "Nonsense", "id": 1}),
        msgspec.msgpack.encode({"type": "Hello"}),
        msgspec.msgpack.encode({"type": "InspectModel", "id": 1, "path": 5}),
        b"\x83\xa4type\xacInspectModel\xa2id\x01\xa4path\xa2\xff\xfe",
        b"\x91" * 100_000,
    ],
)
def test_what_is_no_message_of_ours_is_one_sentence(body: bytes) -> None:
    with pytest.raises(EngineError, match="cannot be read"):
        FrameReader(Request).feed(len(body).to_bytes(8, "little") + body)


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=100)
def test_garbage_never_raises_anything_but_our_error(garbage: bytes) -> None:
    reader: FrameReader[Answer] = FrameReader(Answer)
    for data in (garbage, len(garbage).to_bytes(8, "little") + garbage):
        try:
            reader.feed(data)
        except EngineError:
            reader = FrameReader(Answer)


def test_the_numbers_in_a_failure_stay_numbers() -> None:
    (failed,) = FrameReader(Answer).feed(encode(Failed(1, "{x:.2f}", {"x": 0.5, "n": 3, "s": "a"})))

    assert failed.template.format(**failed.values) == "0.50"
