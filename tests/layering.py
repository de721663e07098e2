"""Checks every #include of a source tree against DESIGN's rule: arrows between folders point down only."""
import re
from pathlib import Path

CORE = {"engine/core"}
PARALLEL = CORE | {"engine/parallel"}
TRAINING = PARALLEL | {"engine/comm", "engine/nn", "engine/optim", "engine/compress"}
STRATEGY_VIEW = TRAINING | {"engine/train"}
ENGINE = STRATEGY_VIEW | {"engine/fabric"}
MIDDLE = {"strategies", "datasets", "results"}

# Folder -> the folders it may include; itself is always allowed. A strategy sees no fabric: it must not know where it runs.
MAY_SEE = {
    "engine/core": set(),
    "engine/comm": CORE,
    "engine/parallel": CORE,
    "engine/nn": PARALLEL,
    "engine/optim": PARALLEL,
    "engine/compress": CORE,
    "engine/train": TRAINING,
    "engine/fabric": CORE | {"engine/comm", "engine/nn", "engine/train"},
    "results": CORE,
    "datasets": CORE,
    "strategies": STRATEGY_VIEW,
    "experiments": ENGINE | MIDDLE,
    "cli": ENGINE | MIDDLE | {"experiments"},
    "bench": ENGINE | MIDDLE | {"experiments"},
    "tests": ENGINE | MIDDLE | {"experiments", "cli"},
}
WITHOUT_LIBTORCH = {"engine/core", "results"}
LIBTORCH = ("ATen/", "c10/", "torch/", "caffe2/")
TORCH_H_ALLOWED = {"tests", "bench"}
GENERATED = {"git_commit.h"}  # written by the build: experiments/git_commit.cmake

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def folder_of(path):
    """'engine/fabric/virtual/slots.h' -> 'engine/fabric'; None for a path outside all known folders."""
    parts = path.split("/")
    depth = 2 if parts[0] == "engine" else 1
    folder = "/".join(parts[:depth])
    return folder if folder in MAY_SEE and len(parts) > depth else None


def read_tree(root):
    """path -> [included name] in two maps, quoted and <angled>, for every C++ file under the known folders."""
    quoted, angled = {}, {}
    for top in sorted({folder.split("/")[0] for folder in MAY_SEE}):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in {".h", ".cpp"}:
                continue
            path = file.relative_to(root).as_posix()
            found = INCLUDE.findall(file.read_text(encoding="utf-8"))
            quoted[path] = [name for name, _ in found if name]
            angled[path] = [name for _, name in found if name]
    return quoted, angled


def include_violations(path, names, known):
    folder = folder_of(path)
    for name in names:
        target = folder_of(name)
        if name in GENERATED:
            continue
        if name not in known:
            yield f'{path}: "{name}" is no file of this tree; include from the repository root'
        elif target != folder and target not in MAY_SEE[folder]:
            allowed = ", ".join(sorted(MAY_SEE[folder])) or "nothing else"
            yield f'{path}: {folder} may not include "{name}"; it sees {allowed}'


def libtorch_violations(path, names):
    folder = folder_of(path)
    for name in names:
        if folder in WITHOUT_LIBTORCH and name.startswith(LIBTORCH):
            yield f"{path}: {folder} may not include LibTorch's <{name}>"
        if folder == "datasets" and name.startswith("torch/"):
            yield f"{path}: datasets see LibTorch's tensors only, not <{name}>"
        if name == "torch/torch.h" and folder not in TORCH_H_ALLOWED:
            yield f"{path}: <torch/torch.h> takes 15 s to compile; include the headers that are needed"


def cycle_violations(quoted):
    state = {}
    trail = []

    def visit(path):
        state[path] = "open"
        trail.append(path)
        for name in quoted.get(path, []):
            if state.get(name) == "open":
                yield "include cycle: " + " -> ".join(trail[trail.index(name):] + [name])
            elif name not in state:
                yield from visit(name)
        trail.pop()
        state[path] = "done"

    for path in quoted:
        if path not in state:
            yield from visit(path)


def violations(root: Path):
    """One line for each offence in the tree under `root`, in a stable order."""
    quoted, angled = read_tree(root)
    found = []
    for path in quoted:
        if folder_of(path) is None:
            found.append(f"{path}: lies in no folder that DESIGN draws; choices: {', '.join(MAY_SEE)}")
            continue
        if path.startswith("strategies/") and path.endswith(".h"):
            found.append(f"{path}: a strategy is one .cpp and has no header")
        found += include_violations(path, quoted[path], quoted)
        found += libtorch_violations(path, quoted[path] + angled[path])
    return found + list(cycle_violations(quoted))
