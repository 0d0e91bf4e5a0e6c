"""Which words are a host, how its engine is started, and what ssh's words mean."""

from __future__ import annotations

import pytest

from lstmviz.errors import UsageError
from lstmviz.wire.host import Ended, Host, checked_host, far_path, pause, sentence


@pytest.mark.parametrize(
    "name",
    [
        "gpu",
        "me@gpu",
        "ssh://me@gpu:2222",
        "gpu.example.org",
        "10.0.0.1",
        "me@[::1]",
        "a_b-c",
        "::1",
        "me@::1",
        "fe80::1%eth0",
        "ssh://[::1]:2222",
        "ssh://me@[2001:db8::1]:22",
    ],
)
def test_what_ssh_takes_for_a_host_is_one(name: str) -> None:
    assert checked_host(f" {name} ").name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x",
        "-oProxyCommand=touch x",
        "--",
        "me@-oX",
        "a b",
        "a;b",
        "$(a)",
        "`a`",
        "a|b",
        "a\nb",
        "a'b",
        "ssh://-x",
        "[::1]",
        "ssh://[-o]",
        "::-oX",
    ],
)
def test_what_ssh_or_a_shell_could_take_for_more_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no host"):
        checked_host(name)


@pytest.mark.parametrize("command", ["-oProxyCommand=x", "lstmviz\nengine"])
def test_a_program_cannot_be_an_option_of_ssh(command: str) -> None:
    with pytest.raises(UsageError, match="is no program"):
        checked_host("gpu", command)


def test_the_host_comes_after_the_end_of_the_options_and_nobody_is_asked() -> None:
    words = Host("gpu", "/opt/venv/bin/lstmviz engine").arguments()
    assert words[:2] == ("ssh", "-T")
    assert words[-3:-1] == ("--", "gpu")
    assert words[-1].startswith("/opt/venv/bin/lstmviz engine --heartbeat ")
    assert "BatchMode=yes" in words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpu:/home/me", ("gpu", "/home/me")),
        ("gpu:~/runs", ("gpu", "~/runs")),
        ("gpu:~", ("gpu", "~")),
        ("me@gpu:2222:/a:/b", ("me@gpu:2222", "/a:/b")),
        ("/a:/b", None),
        ("C:/x", None),
        ("C:\\x", None),
        ("s3://bucket/x", None),
        ("gpu:x", None),
        ("a.csv", None),
    ],
)
def test_a_path_over_there_is_told_from_any_other(text: str, expected: tuple[str, str] | None) -> None:
    assert far_path(text) == expected


@pytest.mark.parametrize(
    ("code", "complaints", "words"),
    [
        (255, "ssh: Could not resolve hostname gpu: Name or service not known\r\n", "is not known"),
        (255, "me@gpu: Permission denied (publickey).\n", "set up a key"),
        (
            255,
            "No ED25519 host key is known for gpu\nHost key verification failed.\n",
            "compare its fingerprint",
        ),
        (255, "ssh: connect to host gpu port 22: No route to host\n", "cannot be reached: ssh: connect to host gpu"),
        (255, "", "cannot be reached: ssh gave no reason"),
        (127, "bash: lstmviz: command not found\n", "Install lstmviz there, or say where it is"),
        (2, "lstmviz: unrecognized arguments: --heartbeat 20\n", "same version"),
    ],
)
def test_each_failure_of_ssh_says_what_to_do(code: int, complaints: str, words: str) -> None:
    assert words in str(sentence(Host("gpu"), Ended(code, True, complaints)))


def test_a_missing_ssh_is_said() -> None:
    assert "ssh was not found" in str(sentence(Host("gpu"), Ended(-1, False, "")))


@pytest.mark.parametrize(
    ("ended", "engine"),
    [
        (Ended(255, True, ""), True),
        (Ended(255, True, "Warning: Permanently added 'x' to the list of known hosts.\n"), True),
        (Ended(139, True, ""), True),
        (Ended(255, True, "Connection to gpu closed by remote host.\n"), False),
        (Ended(-1, True, ""), False),
    ],
)
def test_a_dead_engine_is_told_from_a_lost_connection(ended: Ended, engine: bool) -> None:
    assert ended.of_the_engine == engine


def test_pauses_grow_to_half_a_minute() -> None:
    pauses = [pause(attempt) for attempt in range(1, 12)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (1, 30)
