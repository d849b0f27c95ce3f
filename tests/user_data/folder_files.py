"""Folders of files that several tests write and open."""

from fault_files import PIXEL

from keras_rnn_zoo import registry


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def opened(address, task, **options):
    entry = registry.find_dataset(address, (task,), options)
    return entry, entry.make(None, 0, **options)


def targets(examples, part):
    return [target for _, target in examples.split(part).as_numpy_iterator()]


# Splits


def split_files(*parts, kinds=("cat", "dog"), number=6):
    return {f"{part}/{kind}/{n}.png": PIXEL + bytes([n]) for part in parts for kind in kinds for n in range(number)}
