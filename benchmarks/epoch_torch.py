"""The networks of `epoch_data.TASKS` in PyTorch, and training steps with them on the same batches.

In cases of doubt, PyTorch gets the easier work: it reads padding like data, since a mask would take time, and uses the
fused Adam. The sizes are taken from the shapes of our network's weights.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from contestant import used
from epoch_data import TASKS, facts_of, load_batches
from networks import torch_with_all_cores

torch = torch_with_all_cores()
nn, functional = torch.nn, torch.nn.functional
DROPOUT = 0.2
IGNORED = -1


class Sizes(dict[str, list[int]]):
    """The shapes of our network's weights, by path."""

    def of(self, ending: str) -> list[int]:
        """Returns the shape of the first weight whose path ends like this."""
        return next(shape for path, shape in self.items() if path.endswith(ending))


def bidirectional(sizes: Sizes, name: str = "forward_lstm_1") -> Any:
    """Returns a bidirectional layer of the same size as ours of that name."""
    features, gates = sizes.of(f"{name}/lstm_cell/kernel")
    return nn.LSTM(features, gates // 4, bidirectional=True, batch_first=True)


def subsampling(sizes: Sizes) -> Any:
    """Returns the convolutions that shorten a series or the frames of a recording."""
    layers: list[Any] = []
    for path, shape in sizes.items():
        if path.startswith("frame_convolution") and path.endswith("kernel"):
            layers += [nn.Conv1d(shape[1], shape[2], shape[0], 2, padding=1), nn.ReLU()]
    return nn.Sequential(*layers)


class Classifier(nn.Module):
    """Classifies texts or series by the maximum of each feature over all steps."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(*sizes.of("embedding/embeddings")) if _reads_tokens(sizes) else None
        self.convolutions = subsampling(sizes)
        self.recurrent = bidirectional(sizes)
        self.head = nn.Linear(*sizes.of("logits/kernel"))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Any) -> Any:
        if self.embedding:
            x = self.dropout(self.embedding(x))
        x = self.convolutions(x.mT).mT
        return self.head(self.dropout(self.recurrent(x)[0].amax(1)))

    def loss(self, x: Any, y: Any) -> Any:
        """Returns the mean cross-entropy."""
        return functional.cross_entropy(self(x), y)


class Tagger(nn.Module):
    """Tags each word, from the word and its characters."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.words = nn.Embedding(*next(s for p, s in sizes.items() if p == "embedding/embeddings"))
        self.letters = nn.Embedding(*sizes.of("characters/embedding/embeddings"))
        self.speller = bidirectional(sizes, "characters/reader/forward_lstm")
        self.recurrent = bidirectional(sizes)
        self.head = nn.Linear(*sizes.of("logits/kernel"))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Any) -> Any:
        batch, words, _ = x.shape
        _, (last, _) = self.speller(self.letters(x[:, :, 1:].reshape(batch * words, -1)))
        spelt = torch.cat([last[0], last[1]], -1).reshape(batch, words, -1)
        x = self.dropout(torch.cat([self.words(x[:, :, 0]), spelt], -1))
        return self.head(self.dropout(self.recurrent(x)[0]))

    def loss(self, x: Any, y: Any) -> Any:
        """Returns the mean cross-entropy over the words that are not ignored."""
        return functional.cross_entropy(self(x).flatten(0, 1), y.flatten(), ignore_index=IGNORED)


class Decoder(nn.Module):
    """Generates tokens, optionally with attention, like `keras_rnn_zoo.layers.decoder.TextDecoder`."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        features, gates = sizes.of("decoder/lstm_1/lstm_cell/kernel")
        self.embedding = nn.Embedding(*sizes.of("decoder/embedding/embeddings"))
        nn.init.normal_(self.embedding.weight, std=features**-0.5)
        self.bias = nn.Parameter(torch.zeros(self.embedding.num_embeddings))
        self.recurrent = nn.LSTM(features, gates // 4, batch_first=True)
        self.joined = nn.Linear(*sizes.of("joined/kernel"))
        self.dropout = nn.Dropout(DROPOUT)
        self.scores, self.bridge = "attention/score/kernel" in " ".join(sizes), None
        if "bridge/kernel" in " ".join(sizes):
            self.bridge = nn.Linear(*sizes.of("bridge/kernel"))
            self.keys = nn.Linear(*sizes.of("key_projection/kernel"), bias=False)
        if self.scores:
            self.queries = nn.Linear(*sizes.of("query_projection/kernel"))
            self.score = nn.Linear(*sizes.of("attention/score/kernel"), bias=False)

    def forward(self, ids: Any, memory: Any = None) -> Any:
        x = self.dropout(self.embedding(ids) * self.embedding.embedding_dim**0.5)
        states = None
        if self.bridge:
            hidden, cell = torch.tanh(self.bridge(memory.mean(1))).chunk(2, -1)
            states = hidden[None].contiguous(), cell[None].contiguous()
        x, _ = self.recurrent(x, states)
        if self.bridge:
            keys = self.keys(memory)
            if self.scores:
                scores = self.score(torch.tanh(self.queries(x)[:, :, None] + keys[:, None]))[..., 0]
            else:
                scores = x @ keys.mT
            x = torch.cat([x, scores.softmax(-1) @ memory], -1)
        return self.dropout(torch.tanh(self.joined(x))) @ self.embedding.weight.T + self.bias

    def loss(self, x: Any, y: Any) -> Any:
        """Returns the mean cross-entropy over the tokens that count."""
        return functional.cross_entropy(self(x).flatten(0, 1), y.flatten(), ignore_index=IGNORED)


class Translator(nn.Module):
    """Encodes a sentence in both directions and decodes another one."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(*next(s for p, s in sizes.items() if p == "embedding/embeddings"))
        self.recurrent = bidirectional(sizes)
        self.decoder = Decoder(sizes)
        self.dropout = nn.Dropout(DROPOUT)

    def loss(self, x: Any, y: Any) -> Any:
        """Returns the mean cross-entropy over the tokens that count."""
        memory, _ = self.recurrent(self.dropout(self.embedding(x["source"])))
        logits = self.decoder(x["target"], memory)
        return functional.cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=IGNORED)


class Captioner(nn.Module):
    """Encodes an image as a grid of vectors and decodes a sentence."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        layers, before = [], 3
        for filters, stride in ((32, 2), (64, 2), (64, 1), (96, 2), (96, 1)):
            layers += [nn.Conv2d(before, filters, 3, stride, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
            before = filters
        self.reader, self.decoder = nn.Sequential(*layers), Decoder(sizes)
        self.register_buffer("places", torch.rand(1, 256, 2))  # The position of each cell.

    def loss(self, x: Any, y: Any) -> Any:
        """Returns the mean cross-entropy over the tokens that count."""
        grid = self.reader(x["source"].permute(0, 3, 1, 2).float() / 127.5 - 1)
        cells = grid.flatten(2).mT
        memory = torch.cat([cells, self.places.expand(len(cells), -1, -1)], -1)
        logits = self.decoder(x["target"], memory)
        return functional.cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=IGNORED)


class Transcriber(nn.Module):
    """Maps images of lines of text, or recordings, to classes per frame."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.recurrent = bidirectional(sizes)
        self.head = nn.Linear(*sizes.of("scores/kernel"))
        self.dropout = nn.Dropout(DROPOUT)
        self.image = "convolution_1/kernel" in sizes
        if self.image:
            layers: list[Any] = []
            before = 1
            for filters, width in zip((16, 32, 64, 96), (2, 2, 1, 1), strict=True):
                layers += [nn.Conv2d(before, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d((width, 2))]
                before = filters
            self.convolutions = nn.Sequential(*layers)
        else:
            self.convolutions = subsampling(sizes)
            self.register_buffer("window", torch.hann_window(400))
            self.register_buffer("mel", torch.rand(257, 40) / 257)

    def frames(self, x: Any) -> Any:
        """Returns frames `(batch, time, features)` for pixels or samples."""
        x = x.nan_to_num()
        if self.image:
            grid = self.convolutions(x.permute(0, 3, 1, 2) / 127.5 - 1)  # (batch, filters, columns, rows)
            return grid.permute(0, 2, 3, 1).flatten(2)
        spectrum = torch.stft(functional.pad(x, (0, 512)), 512, 160, 400, self.window, False, return_complex=True)
        power = spectrum.real**2 + spectrum.imag**2
        mels = torch.log(power.mT @ self.mel + 1e-6)
        return self.convolutions((mels - mels.mean(1, keepdim=True)).mT).mT

    def loss(self, x: Any, y: Any) -> Any:
        """Returns the mean CTC loss."""
        logits = self.head(self.dropout(self.recurrent(self.dropout(self.frames(x)))[0]))
        lengths = torch.full((len(logits),), logits.shape[1])
        return functional.ctc_loss(
            logits.log_softmax(-1).transpose(0, 1), y, lengths, (y != 0).sum(1), reduction="sum", zero_infinity=True
        ) / len(y)


NETWORKS: dict[str, Any] = {
    "lines": Transcriber,
    "recordings": Transcriber,
    "translation": Translator,
    "tagging": Tagger,
    "reviews": Classifier,
    "series": Classifier,
    "pictures": Captioner,
    "book": Decoder,
}


def _reads_tokens(sizes: Sizes) -> bool:
    return any(path.endswith("embedding/embeddings") for path in sizes)


def _tensor(value: Any) -> Any:
    tensor = torch.from_numpy(value)
    return tensor.long() if np.issubdtype(value.dtype, np.integer) and value.dtype != np.uint8 else tensor


def steps(task: str, folder: str) -> Callable[[], dict[str, float]]:
    """Returns a function that runs a step on each batch that `epoch_steps.pipeline` saved."""
    place = Path(folder) / task
    assert set(NETWORKS) == set(TASKS)
    facts = facts_of(place)
    model = NETWORKS[task](Sizes(facts["weights"]))
    count = sum(parameter.numel() for parameter in model.parameters())
    if abs(count / facts["parameters"] - 1) > 0.03:  # PyTorch's recurrent layers have two biases.
        raise ValueError(f"PyTorch's network for {task} has {count:,} parameters, ours {facts['parameters']:,}")
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, eps=1e-7, fused=True)
    batches = [
        ({k: _tensor(v) for k, v in x.items()} if isinstance(x, dict) else _tensor(x), _tensor(y))
        for x, y in load_batches(place / "batches.npz")
    ]

    def step(x: Any, y: Any) -> float:
        optimizer.zero_grad()
        loss = model.loss(x, y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    def work() -> dict[str, float]:
        start = used()
        losses = [step(*batch) for batch in batches]
        return {**used(start), "loss": losses[0]}

    return work
