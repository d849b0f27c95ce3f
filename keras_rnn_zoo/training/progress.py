"""A training in progress."""

import hashlib
import json
import shutil
import time
from dataclasses import dataclass, field

from keras_rnn_zoo.artifacts.run import STATE, is_resumable
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.distributed.peers import Peers
from keras_rnn_zoo.training.keras_objects import KerasObjects
from keras_rnn_zoo.training.plan import Plan
from keras_rnn_zoo.training.word_vectors import WordVectors


@dataclass
class Progress:
    """A training in progress.

    Attributes:
        plan: the plan.
        objects: the Keras objects that the user passed.
        peers: the processes that train together.
        config: the description of the run, as far as it is known.
        begun: whether the unfinished folder on disk belongs to this training. That of an earlier training is kept until
            the data is open.
        trackers: the addresses of the experiment trackers.
        started: the processor time of this process when it began.
        vectors: the word vectors that the model begins with; `None` if there are none.
    """

    plan: Plan
    objects: KerasObjects
    peers: Peers = field(default_factory=Peers)
    config: RunConfig = field(init=False)
    begun: bool = field(init=False)
    vectors: WordVectors | None = None
    trackers: tuple[str, ...] = ()
    started: float = field(default_factory=time.process_time)

    def __post_init__(self) -> None:
        self.config, self.begun = self.plan.config, self.plan.resumed

    @property
    def fingerprint(self) -> str:
        """A digest of the settings and the data, wherever the data lies."""
        config = self.config.to_json()
        config["dataset"] = {**config["dataset"], "data_dir": None}
        return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()

    @property
    def has_checkpoint(self) -> bool:
        """Whether a checkpoint of this training was saved, to resume it from."""
        return self.begun and is_resumable(self.plan.path)

    def resume_advice(self, otherwise: str) -> str:
        """Returns how to continue the training, as a sentence, or `otherwise` if it has no checkpoint."""
        return "A checkpoint was saved: resume the training to continue." if self.has_checkpoint else otherwise

    def remove_unfinished(self) -> None:
        """Removes the checkpoint and the rest of the unfinished folder."""
        # Delete the checkpoint first: without it, `--resume` ignores whatever is left if the process is killed here.
        (self.plan.unfinished / STATE).unlink(missing_ok=True)
        shutil.rmtree(self.plan.unfinished)
