"""Reads mutated model files, each in a process of its own under limits, and prints what came of them as JSON lines.

python hostile_child.py MUTATIONS FIRST FILE …
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections import Counter
from pathlib import Path

from mutations import mutated

from lstmviz.errors import LstmvizError
from lstmviz.nets.foreign.formats import is_own, read_found
from lstmviz.nets.reader import read_net_file
from lstmviz.nets.spec import check_spec, expected_shapes
from lstmviz.traces.store import open_trace

MEMORY, SECONDS = 1 << 30, 10
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.remove", "os.rename", "os.mkdir", "os.fork")
OUTSIDE = ("subprocess.Popen", "socket.connect", "socket.bind", "shutil.", "pickle.find_class", "ctypes.dlopen")


def main() -> None:
    count, first = int(sys.argv[1]), int(sys.argv[2])
    for source in map(Path, sys.argv[3:]):
        data = source.read_bytes()
        plain = weights(source)  # imports all that reading needs, and must work
        target = Path("hostile" + "".join(source.suffixes)).absolute()
        twin = beside(source, target)
        for number in range(first, first + count):
            target.write_bytes(mutated(data, number))
            kind, said = outcome(target, plain)
            line = {"file": str(source), "number": number, "kind": kind, "said": said}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()  # or a fork says it again
        target.unlink()
        if twin is not None:
            twin.unlink()


def beside(source: Path, target: Path) -> Path | None:
    """The other one of the two files of a net of ours, whole, beside the one that is damaged."""
    endings = {".json": ".safetensors", ".safetensors": ".json"}
    other = source.with_suffix(endings.get(source.suffix, ".none"))
    if not other.exists():
        return None
    twin = target.with_suffix(other.suffix)
    twin.write_bytes(other.read_bytes())
    return twin


def weights(path: Path) -> dict[str, bytes]:
    """All numbers that a file gives, each array of the shape that its description promises."""
    if path.name.endswith(".zarr.zip"):
        trace = open_trace(path)
        return {
            f"{key} {name}": each.tobytes() for key, lane in trace.lanes.items() for name, each in lane.signals.items()
        }
    if is_own(path):
        own = read_net_file(path)
        shapes = expected_shapes(check_spec(own.spec, str(path)))
        return {"weights": own.weights, "shapes": repr(shapes).encode()}
    result = {}
    for place, found in enumerate(read_found(path)):
        shapes = expected_shapes(check_spec(found.spec, str(path)))
        assert {name: array.shape for name, array in found.tensors.items()} == shapes, "weights that do not fit"
        assert all(array.dtype in ("f4", "f8") for array in found.tensors.values()), "weights of a strange type"
        result |= {f"{place} {name}": array.tobytes() for name, array in found.tensors.items()}
    return result


def outcome(path: Path, plain: dict[str, bytes]) -> tuple[str, str]:
    """What reading a file comes to in a child: right, changed, error, or what must not be."""
    inlet, outlet = os.pipe()
    child = os.fork()
    if not child:
        os.close(inlet)
        attempt(path, plain, outlet)
    os.close(outlet)
    with os.fdopen(inlet, "rb") as stream:
        text = stream.read().decode()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return ("hang" if name in ("SIGXCPU", "SIGALRM", "SIGKILL") else "crash"), name
    kind, _, said = text.partition(" ")
    return kind or "silent", said


def attempt(path: Path, plain: dict[str, bytes], outlet: int) -> None:
    """Read under limits, say one line, end."""
    seen: Counter[str] = Counter()
    limit(seen)
    kind, said = "exception", ""
    try:
        found = weights(path)
        kind, said = ("right", "") if found == plain else ("changed", f"{len(found)} arrays")
    except LstmvizError as error:
        kind, said = "error", str(error)
    finally:
        if kind == "exception":
            said = repr(sys.exc_info()[1])
        if seen:
            kind, said = "forbidden", ", ".join(seen)
        os.write(outlet, f"{kind} {said}".encode(errors="replace")[:60_000])
        os._exit(0)


def limit(seen: Counter[str]) -> None:
    """1 GiB more than now, 10 s of the processor, and a note of all that reading must not do."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(3 * SECONDS)

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if event == "os.mkdir" and str(arguments[0]) == os.environ["LSTMVIZ_HOME"]:
            return  # the folder of lstmviz's own settings, which is there
        if event.startswith((*FORBIDDEN, *OUTSIDE)) or (event == "open" and writes(arguments)):
            seen[f"{event} {arguments[:1]}"] += 1

    sys.addaudithook(audit)


def writes(arguments: tuple[object, ...]) -> bool:
    mode, flags = arguments[1], arguments[2]
    by_mode = isinstance(mode, str) and any(letter in mode for letter in "wax+")
    return by_mode or (isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR)))


if __name__ == "__main__":
    main()
