"""ONNX Runtime Web, fetched from npm once and served by the site itself."""

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VERSION = "1.30.0"
INTEGRITY = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
"""SHA-512 of the package, as npm's registry gives it."""
FILES = ("dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm")
"""The backend of WebAssembly: a module, and the program that it loads."""
LICENSE = "MIT, Copyright (c) Microsoft Corporation: https://github.com/microsoft/onnxruntime/blob/main/LICENSE\n"
CACHE = Path(__file__).parents[2] / "build" / "npm"


def write_runtime(folder: Path) -> None:
    """Writes the files of ONNX Runtime Web to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(_package()), mode="r:gz") as archive:
        for name in FILES:
            member = archive.extractfile(f"package/{name}")
            assert member is not None, name
            (folder / Path(name).name).write_bytes(member.read())
    (folder / "LICENSE.txt").write_text(f"ONNX Runtime Web {VERSION}\n{LICENSE}")


def _package() -> bytes:
    """Returns the package, from the cache or else from npm; raises `RuntimeError` if it is not the expected one."""
    name = f"onnxruntime-web-{VERSION}.tgz"
    cached = CACHE / name
    if not cached.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("The figures of the site need npm, which is not installed: apt-get install npm.")
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            subprocess.run(
                [npm, "pack", "--silent", f"onnxruntime-web@{VERSION}"],
                cwd=folder,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            (Path(folder) / name).replace(cached)
    data = cached.read_bytes()
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    if digest != INTEGRITY:
        raise RuntimeError(
            f"{cached} has the SHA-512 {digest}, but {INTEGRITY} is expected. Remove it and build again."
        )
    return data
