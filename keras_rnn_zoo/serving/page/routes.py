"""The routes of the page."""

import asyncio
import json
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from keras_rnn_zoo.errors import DataError, ZooError
from keras_rnn_zoo.serving.page.answers import Writer, inspection_of, prediction_of
from keras_rnn_zoo.serving.page.facts import PLOT_TYPES, facts_of, inspects, plots_of
from keras_rnn_zoo.serving.served_models import ServedModel, ServedModels, UnknownModelError
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
    page = _Page(models)
    post = ["POST"]

    async def index(request: Request) -> Response:
        return Response(files["index.html"], media_type=_TYPES[".html"])

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            return JSONResponse({"error": f"There is no file {name!r:.60}."}, 404)
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


def _answering(
    answer: Callable[["_Page", Request, ServedModel], Any],
) -> Callable[["_Page", Request], Any]:
    """Returns the endpoint that finds the model, and answers errors of the zoo with their message."""

    async def endpoint(self: "_Page", request: Request) -> Response:
        try:
            response: Response = await answer(self, request, self.models.get(request.path_params["name"]))
            return response
        except UnknownModelError as error:
            return JSONResponse({"error": str(error)}, 404)
        except ZooError as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint


class _Page:
    def __init__(self, models: ServedModels) -> None:
        self.models = models
        self._facts: weakref.WeakKeyDictionary[ServedModel, dict[str, Any]] = weakref.WeakKeyDictionary()

    async def list(self, request: Request) -> Response:
        listed = []
        for name in self.models.names():
            reader = self.models.get(name).loaded.task.reader
            listed.append({"name": name, "input": reader.input})
        return JSONResponse({"models": listed})

    @_answering
    async def facts(self, request: Request, model: ServedModel) -> Response:
        if model not in self._facts:
            self._facts[model] = await run_in_threadpool(facts_of, model)
        return JSONResponse(self._facts[model])

    @_answering
    async def predict(self, request: Request, model: ServedModel) -> Response:
        given = await _body(request)
        return JSONResponse(await model.call(prediction_of, model.loaded, given))

    @_answering
    async def inspect(self, request: Request, model: ServedModel) -> Response:
        if not inspects(model.loaded):
            raise DataError(f"{model.name} returns predictions, but no states of its layers. Serve the run itself.")
        given = await _body(request)
        return JSONResponse(await model.call(inspection_of, model.loaded, given))

    @_answering
    async def sample(self, request: Request, model: ServedModel) -> Response:
        writer = await model.call(Writer, model.loaded, await _body(request))

        async def lines() -> AsyncIterator[str]:
            for _ in range(writer.tokens):
                try:
                    token = await model.call(writer.write)
                except ZooError as error:
                    yield json.dumps({"error": str(error)}) + "\n"
                    return
                yield json.dumps(token) + "\n"
                await asyncio.sleep(0)

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    @_answering
    async def plot(self, request: Request, model: ServedModel) -> Response:
        path = plots_of(model).get(request.path_params["file"])
        if path is None:
            return JSONResponse({"error": "There is no such plot."}, 404)
        return Response(await run_in_threadpool(path.read_bytes), media_type=PLOT_TYPES[path.suffix])


async def _body(request: Request) -> Mapping[str, Any]:
    """Returns the object in the body of a request."""
    try:
        given = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise DataError("A JSON object is expected.") from None
    if not isinstance(given, dict):
        raise DataError("A JSON object is expected.")
    return given
