"""The peer of `serving.py`: LitServe, which serves a text classifier's SavedModel in batches of up to 64.

python serving_litserve.py EXPORT PORT
"""

import sys
from typing import Any

import litserve


class Classifier(litserve.LitAPI):  # type: ignore[misc]
    """The SavedModel."""

    def setup(self, device: str) -> None:
        import tensorflow as tf

        self._tf = tf
        self._call = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]

    def decode_request(self, request: dict[str, Any]) -> str:
        return str(request["text"])

    def batch(self, inputs: list[str]) -> list[str]:
        return inputs

    def predict(self, texts: list[str]) -> list[tuple[bytes, list[float]]]:
        outputs = self._call(text=self._tf.constant(texts))
        return list(zip(outputs["label"].numpy().tolist(), outputs["probabilities"].numpy().tolist(), strict=True))

    def unbatch(self, output: list[Any]) -> list[Any]:
        return output

    def encode_response(self, output: tuple[bytes, list[float]]) -> dict[str, Any]:
        return {"label": output[0].decode(), "probabilities": output[1]}


if __name__ == "__main__":
    server = litserve.LitServer(Classifier(max_batch_size=64, batch_timeout=0.002), accelerator="cpu", timeout=60)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="error")
