"""The routes of the page."""

import asyncio
import json
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from keras_rnn_zoo.errors import DataError, ZooError
from keras_rnn_zoo.serving.answers import json_answer
from keras_rnn_zoo.serving.errors import RequestError
from keras_rnn_zoo.serving.json_body import read_json
from keras_rnn_zoo.serving.page.answers import Writer, inspection_of, prediction_of
from keras_rnn_zoo.serving.page.facts import PLOT_TYPES, facts_of, inspects, plots_of
from keras_rnn_zoo.serving.served_models import ServedModel, ServedModels
from keras_rnn_zoo.serving.settings import ServingSettings

STATIC = Path(__file__).with_name("static")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def page_routes(models: ServedModels, settings: ServingSettings) -> list[BaseRoute]:
    """Returns the routes of the page for some models.

    Its files, `/` and `/page/static/…`, hold no secrets; what is below `/page/models` does.
    """
    files = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in _TYPES}
    page = _Page(models, settings)
    post = ["POST"]

    async def index(request: Request) -> Response:
        return Response(files["index.html"], media_type=_TYPES[".html"])

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            raise RequestError(f"There is no file {name!r:.60}.", 404)
        return Response(files[name], media_type=_TYPES[Path(name).suffix])

    return [
        Route("/", index),
        Route("/page/static/{name}", static),
        Route("/page/models", page.list),
        Route("/page/models/{name}", page.facts),
        Route("/page/models/{name}/predict", page.predict, methods=post),
        Route("/page/models/{name}/inspect", page.inspect, methods=post),
        Route("/page/models/{name}/sample", page.sample, methods=post),
        Route("/page/models/{name}/plots/{file}", page.plot),
    ]


class _Page:
    def __init__(self, models: ServedModels, settings: ServingSettings) -> None:
        self._models, self._settings = models, settings
        self._facts: weakref.WeakKeyDictionary[ServedModel, dict[str, Any]] = weakref.WeakKeyDictionary()

    def _model(self, request: Request) -> ServedModel:
        return self._models.get(request.path_params["name"])

    async def list(self, request: Request) -> Response:
        listed = []
        for name in self._models.names():
            reader = self._models.get(name).loaded.task.reader
            listed.append({"name": name, "input": reader.input})
        return json_answer({"models": listed})

    async def facts(self, request: Request) -> Response:
        model = self._model(request)
        if model not in self._facts:
            self._facts[model] = await asyncio.to_thread(facts_of, model)
        return json_answer(self._facts[model])

    async def predict(self, request: Request) -> Response:
        model = self._model(request)
        return json_answer(await prediction_of(model, await read_json(await request.body())))

    async def inspect(self, request: Request) -> Response:
        model = self._model(request)
        if not inspects(model.loaded):
            raise DataError(f"{model.name} returns predictions, but no states of its layers. Serve the run itself.")
        given = await read_json(await request.body())
        return json_answer(await model.call(inspection_of, model.loaded, given))

    async def sample(self, request: Request) -> Response:
        model = self._model(request)
        given = await read_json(await request.body())
        writer = await model.call(Writer, model.loaded, given, self._settings.max_new_tokens)

        async def lines() -> AsyncIterator[str]:
            for _ in range(writer.count):
                try:
                    token = await model.call(writer.write)
                except ZooError as error:
                    yield json.dumps({"error": str(error)}) + "\n"
                    return
                yield json.dumps(token) + "\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def plot(self, request: Request) -> Response:
        model = self._model(request)
        path = plots_of(model).get(request.path_params["file"])
        if path is None:
            raise RequestError("There is no such plot.", 404)
        return Response(await asyncio.to_thread(path.read_bytes), media_type=PLOT_TYPES[path.suffix])
